import { TenantIsolate, type SharedText, type Snapshot } from './tenant-isolate.ts';

export interface IsolatePoolOptions {
  readonly snapshot: Snapshot;
  readonly partTexts: SharedText;
  /** limit of the isolates kept ready; others are made when asked for */
  readonly memoryMbMax: number;
  readonly spares: number;
  /** Nothing waits for the processor just now. */
  isIdle(): boolean;
}

/** How long to wait before looking again whether there is time for a spare. */
const REFILL_MS = 3;

/** Isolates restored ahead of their use: restoring one is most of a small program's start. */
export class IsolatePool {
  readonly #options: IsolatePoolOptions;
  readonly #spares: TenantIsolate[] = [];
  #refilling: NodeJS.Timeout | undefined;

  constructor(options: IsolatePoolOptions) {
    this.#options = options;
    this.#refillSoon();
  }

  /** for isolates from other snapshots of the same program */
  get partTexts(): SharedText {
    return this.#options.partTexts;
  }

  async take(memoryMbMax: number): Promise<TenantIsolate> {
    const { snapshot, partTexts } = this.#options;
    const spare = memoryMbMax === this.#options.memoryMbMax ? this.#spares.pop() : undefined;
    this.#refillSoon();
    return spare ?? TenantIsolate.create({ snapshot, partTexts, memoryMbMax });
  }

  #refillSoon(): void {
    if (this.#refilling === undefined) this.#refilling = setTimeout(() => void this.#refill(), REFILL_MS).unref();
  }

  async #refill(): Promise<void> {
    const { snapshot, partTexts, memoryMbMax, spares, isIdle } = this.#options;
    try {
      if (isIdle() && this.#spares.length < spares) this.#spares.push(await TenantIsolate.create({ snapshot, partTexts, memoryMbMax }));
      this.#refilling = undefined;
      if (this.#spares.length < spares) this.#refillSoon();
    } catch {
      // the next one that is taken tries again, and whoever takes it is told what is wrong
      this.#refilling = undefined;
    }
  }
}
