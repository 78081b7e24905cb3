import { HOST_LIMITS } from '../../protocol/limits.ts';

/** The one wake-up that a guest has asked for. It rings only while somebody is there to be charged for it. */
export class GuestAlarm {
  readonly #ring: (owner: number) => void;
  readonly #isPaid: () => boolean;
  #timer: NodeJS.Timeout | undefined;
  #atMs: number | undefined;
  #owner = 0;

  constructor(ring: (owner: number) => void, isPaid: () => boolean) {
    this.#ring = ring;
    this.#isPaid = isPaid;
  }

  /** `time`: wall clock in ms as the guest wrote it; empty: no more. */
  set(time: string, owner: number): void {
    this.#atMs = time === '' ? undefined : Number(time);
    this.#owner = owner;
    this.#start();
  }

  /** Somebody came who pays: an alarm that nobody paid for rings now. */
  resume(): void {
    if (this.#timer === undefined) this.#start();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#atMs = undefined;
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#atMs === undefined) return;
    const delayMs = Math.min(Math.max(this.#atMs - Date.now(), 0), HOST_LIMITS.timerMsMax);
    this.#timer = setTimeout(() => this.#due(), delayMs);
  }

  #due(): void {
    this.#timer = undefined;
    if (this.#atMs === undefined || !this.#isPaid()) return;
    if (Date.now() < this.#atMs) return this.#start();
    this.#atMs = undefined;
    this.#ring(this.#owner);
  }
}
