import { TIME_FLAG } from './wasi-constants.ts';
import { WasiError } from './wasi-errno.ts';

/** Times of files can't be set through the gate: no flags are good, and some are wrong besides. */
export function refuseTimes(flags: number): never {
  const contradicts = [TIME_FLAG.accessed | TIME_FLAG.accessedNow, TIME_FLAG.modified | TIME_FLAG.modifiedNow].some((both) => (flags & both) === both);
  throw new WasiError(contradicts ? 'inval' : 'notsup');
}
