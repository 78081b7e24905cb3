/** https://html.spec.whatwg.org/#errorevent */
import { Event } from '../dom/index.ts';
import { requireArguments, toDictionary, toDOMString, toUnsignedLong, toUSVString } from '../webidl.ts';

export class ErrorEvent extends Event {
  readonly #message: string;
  readonly #filename: string;
  readonly #lineno: number;
  readonly #colno: number;
  readonly #error: unknown;

  constructor(type: unknown, init: unknown = undefined) {
    requireArguments(arguments.length, 1, 'ErrorEvent constructor');
    super(type, init);
    const { colno = 0, error, filename = '', lineno = 0, message = '' } = toDictionary(init, 'ErrorEventInit');
    this.#colno = toUnsignedLong(colno);
    this.#error = error;
    this.#filename = toUSVString(filename);
    this.#lineno = toUnsignedLong(lineno);
    this.#message = toDOMString(message);
  }

  get message(): string {
    return this.#message;
  }

  get filename(): string {
    return this.#filename;
  }

  get lineno(): number {
    return this.#lineno;
  }

  get colno(): number {
    return this.#colno;
  }

  get error(): unknown {
    return this.#error;
  }
}
