import * as fc from 'fast-check';

/** Property tests draw the same cases each time, so that a change is to blame for what fails; `PROPERTY_SEED=N` draws others. */
const seed = Number(process.env['PROPERTY_SEED'] ?? 1);
if (!Number.isSafeInteger(seed)) throw new TypeError(`PROPERTY_SEED must be an integer, not ${process.env['PROPERTY_SEED']}`);
fc.configureGlobal({ seed });

export { fc };
export type { Arbitrary } from 'fast-check';
