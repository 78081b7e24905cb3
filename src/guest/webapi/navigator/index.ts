/** https://html.spec.whatwg.org/#navigatorid, as far as a server has one. */
import { defineGlobal, exposeInterface } from '../webidl.ts';

const constructing = Symbol('constructing');

class Navigator {
  /** Packages that ask where they run know this one by name. */
  readonly #userAgent = 'Cloudflare-Workers';
  readonly #language = 'en';
  readonly #cores = 1;

  constructor(token: unknown = undefined) {
    if (token !== constructing) throw new TypeError('Illegal constructor');
  }

  get userAgent(): string {
    return this.#userAgent;
  }

  get language(): string {
    return this.#language;
  }

  get languages(): readonly string[] {
    return Object.freeze([this.#language]);
  }

  get hardwareConcurrency(): number {
    return this.#cores;
  }
}

export function installNavigator(global: Record<string, unknown>): void {
  exposeInterface(global, 'Navigator', Navigator);
  defineGlobal(global, 'navigator', new Navigator(constructing), true);
}
