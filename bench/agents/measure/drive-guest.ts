import { openGuest } from '../../../src/agents/abi/open-guest.ts';
import type { Activation, AgentGuest, GuestHost } from '../../../src/agents/run/agent-guest.ts';
import { SYSCALLS } from '../../../src/protocol/agent/syscalls.ts';
import type { MeteredModule } from '../../../src/sandbox/wasm/metered-module.ts';

export const FUEL_MAX = 10n ** 12n;
export const MEMORY_PAGES_MAX = 1024;
const EMPTY = new Uint8Array(0);
const CONTROL: readonly number[] = [SYSCALLS.log.op, SYSCALLS.done.op];

/** A guest without a gate: what it asks for is noted, and answered by whoever drives it. */
export function openSample(module: MeteredModule, host: Partial<GuestHost> = {}): AgentGuest {
  const nothing: GuestHost = { syscall: () => EMPTY, clock: () => 0n, random: (length) => new Uint8Array(length) };
  return openGuest(module, { ...nothing, ...host }, { memoryPagesMax: MEMORY_PAGES_MAX });
}

/**
 * Runs a guest of the ABI that yields, with `reply` as the reply to all that it asks, each by a resume, until it is over or was resumed `restsMax` times.
 * `onRest` is told each time that it waits.
 */
export function driveGuest(module: MeteredModule, reply: Uint8Array, restsMax: number, onRest: (guest: AgentGuest) => void): void {
  const asked: number[] = [];
  const guest = openSample(module, {
    syscall: (op, id) => {
      if (CONTROL.includes(op)) return EMPTY;
      asked.push(id);
      return undefined;
    },
  });
  mustRest(guest.start(FUEL_MAX));
  for (let rests = 0; rests < restsMax; rests++) {
    onRest(guest);
    const id = asked.shift();
    if (id === undefined) break;
    mustRest(guest.resume(FUEL_MAX, id, 0, reply));
  }
  guest.close();
}

function mustRest(activation: Activation | Promise<Activation>): void {
  if (activation instanceof Promise) throw new Error('The guest is of an ABI that blocks');
  if (activation.kind === 'stopped') throw new Error(`The guest stopped as ${activation.end}: ${activation.message}`);
  if (activation.status !== 0) throw new Error(`The guest failed with status ${activation.status}`);
}
