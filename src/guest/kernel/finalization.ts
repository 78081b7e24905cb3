/**
 * FinalizationRegistry whose callbacks run in an entry. V8 calls the native one's in a task of its own, when nobody's turn it is: no limit would cover
 * that, and nobody would pay for it. So V8 only notes here what is to be called, and the app's next entry calls it.
 * https://tc39.es/ecma262/#sec-finalization-registry-objects
 */
import { uncurryThis } from '../../util/primordials.ts';
import { reportException } from '../webapi/console/report-exception.ts';
import { enterRequest } from './current-request.ts';
import { defineProperty } from './primordials.ts';
import { inTurn } from './turns.ts';

type Cleanup = (heldValue: unknown) => void;

interface Due {
  readonly cleanup: Cleanup;
  readonly heldValue: unknown;
  next: Due | undefined;
}

let first: Due | undefined;
let last: Due | undefined;

function note(cleanup: Cleanup, heldValue: unknown): void {
  const due: Due = { cleanup, heldValue, next: undefined };
  if (last === undefined) first = due;
  else last.next = due;
  last = due;
}

/** At the start of an entry: what is due is the first piece of it. */
export function callDueCleanups(): void {
  if (first !== undefined) inTurn(runCleanups);
}

function runCleanups(): void {
  enterRequest(0);
  while (first !== undefined) {
    const { cleanup, heldValue, next } = first;
    first = next;
    if (first === undefined) last = undefined;
    try {
      cleanup(heldValue);
    } catch (error) {
      reportException(error);
    }
  }
}

export function installFinalizationRegistry(global: Record<string, unknown>): void {
  const Native = global['FinalizationRegistry'] as FinalizationRegistryConstructor;
  const native = Native.prototype as globalThis.FinalizationRegistry<unknown>;
  const register = uncurryThis(native.register);
  const unregister = uncurryThis(native.unregister);

  class FinalizationRegistry {
    readonly #native: globalThis.FinalizationRegistry<unknown>;

    constructor(cleanupCallback: unknown) {
      if (typeof cleanupCallback !== 'function') throw new TypeError('FinalizationRegistry: cleanup must be callable');
      this.#native = new Native((heldValue) => note(cleanupCallback as Cleanup, heldValue));
    }

    register(target: WeakKey, heldValue: unknown, unregisterToken: WeakKey | undefined = undefined): void {
      register(this.#native, target, heldValue, unregisterToken);
    }

    unregister(token: WeakKey): boolean {
      return unregister(this.#native, token);
    }
  }
  defineProperty(FinalizationRegistry.prototype, Symbol.toStringTag, { value: 'FinalizationRegistry', configurable: true });
  defineProperty(global, 'FinalizationRegistry', { value: FinalizationRegistry, writable: true, enumerable: false, configurable: true });
}
