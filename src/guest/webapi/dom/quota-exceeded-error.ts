/** https://webidl.spec.whatwg.org/#quotaexceedederror */
import { toDictionary } from '../webidl.ts';
import { DOMException } from './dom-exception.ts';

export let isQuotaExceededError: (value: unknown) => value is QuotaExceededError;

export class QuotaExceededError extends DOMException {
  readonly #quota: number | null;
  readonly #requested: number | null;

  /** Throws a RangeError for a negative number, and when less was requested than the quota. */
  constructor(message: unknown = '', options: unknown = undefined) {
    super(message, 'QuotaExceededError');
    const { quota, requested } = toDictionary(options, 'QuotaExceededErrorOptions');
    this.#quota = toAmount(quota, 'quota');
    this.#requested = toAmount(requested, 'requested');
    if (this.#quota !== null && this.#requested !== null && this.#requested < this.#quota) throw new RangeError('QuotaExceededErrorOptions.requested is less than the quota');
  }

  get quota(): number | null {
    return this.#quota;
  }

  get requested(): number | null {
    return this.#requested;
  }

  static {
    isQuotaExceededError = (value): value is QuotaExceededError => typeof value === 'object' && value !== null && #quota in value;
  }
}

function toAmount(value: unknown, member: string): number | null {
  if (value === undefined) return null;
  const number = (value as number) - 0;
  if (!Number.isFinite(number)) throw new TypeError(`QuotaExceededErrorOptions.${member} is not a finite number`);
  if (number < 0) throw new RangeError(`QuotaExceededErrorOptions.${member} is negative`);
  return number;
}
