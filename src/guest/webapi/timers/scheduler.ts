/** `scheduler.wait` as in Workers, https://developers.cloudflare.com/workers/runtime-apis/scheduler/ */
import { abortSignalAlgorithms } from '../dom/abort-algorithms.ts';
import { requireArguments, toDictionary, toInteger } from '../webidl.ts';
import { runAfter } from './timer-queue.ts';

const constructing = Symbol('constructing');

export class Scheduler {
  constructor(token: unknown = undefined) {
    if (token !== constructing) throw new TypeError('Illegal constructor');
  }

  /** Resolves after `delayMs`; rejects with the signal's reason when `options.signal` is aborted before. */
  async wait(delayMs: unknown, options: unknown = undefined): Promise<void> {
    requireArguments(arguments.length, 1, 'Scheduler.wait');
    const delay = Math.max(toInteger(delayMs, 64, true, 'clamp'), 0);
    const { signal } = toDictionary(options, 'SchedulerWaitOptions');
    const algorithms = signal === undefined ? undefined : abortSignalAlgorithms(signal);
    if (algorithms?.aborted === true) throw algorithms.reason;
    await new Promise<void>((resolve, reject) => {
      const cancel = runAfter(delay, () => {
        forget?.();
        resolve();
      });
      const forget = algorithms?.add(() => {
        cancel();
        reject(abortSignalAlgorithms(signal).reason);
      });
    });
  }
}

export const scheduler = new Scheduler(constructing);
