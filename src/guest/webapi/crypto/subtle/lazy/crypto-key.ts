/** https://w3c.github.io/webcrypto/#cryptokey-interface. The material is in a private field: only what goes through subtle sees it. */
import type { SubtleKey } from '../../../../../protocol/subtle.ts';
import { decorateInterface } from '../../../webidl.ts';

const constructing = Symbol('constructing');

/** In the order in which `usages` lists them */
export const keyUsages = ['encrypt', 'decrypt', 'sign', 'verify', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey'] as const;
export type KeyUsage = (typeof keyUsages)[number];

export interface KeyState {
  readonly key: SubtleKey;
  readonly extractable: boolean;
  readonly usages: readonly string[];
  /** Raw, PKCS #8 or SubjectPublicKeyInfo, by the key's type. Not to be changed. */
  readonly material: Uint8Array<ArrayBuffer>;
}

export let newCryptoKey: (state: KeyState) => CryptoKey;
export let keyState: (key: CryptoKey) => KeyState;
export let isCryptoKey: (value: unknown) => value is CryptoKey;

export class CryptoKey {
  readonly #state: KeyState;
  #algorithm: object | undefined;
  #usages: string[] | undefined;

  constructor(token: unknown = undefined, state: unknown = undefined) {
    if (token !== constructing) throw new TypeError('Illegal constructor');
    this.#state = state as KeyState;
  }

  get type(): string {
    return this.#state.key.type;
  }

  get extractable(): boolean {
    return this.#state.extractable;
  }

  /** The same object every time */
  get algorithm(): object {
    this.#algorithm ??= keyAlgorithm(this.#state.key.algorithm);
    return this.#algorithm;
  }

  /** The same array every time */
  get usages(): string[] {
    this.#usages ??= [...this.#state.usages];
    return this.#usages;
  }

  static {
    newCryptoKey = (state) => new CryptoKey(constructing, state);
    keyState = (key) => key.#state;
    isCryptoKey = (value): value is CryptoKey => typeof value === 'object' && value !== null && #state in value;
  }
}

decorateInterface('CryptoKey', CryptoKey);

/** A KeyAlgorithm as the interface shows it. */
function keyAlgorithm({ hash, publicExponent, ...plain }: SubtleKey['algorithm']): object {
  return {
    ...plain,
    ...(publicExponent === undefined ? {} : { publicExponent: Uint8Array.from(publicExponent) }),
    ...(hash === undefined ? {} : { hash: { name: hash } }),
  };
}
