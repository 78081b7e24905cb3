import * as fc from 'fast-check';

/** What tests draw, they draw alike each time, so that a change is to blame for what fails; `PROPERTY_SEED=N` draws something else. */
export const SEED = Number(process.env['PROPERTY_SEED'] ?? 1);
if (!Number.isSafeInteger(SEED)) throw new TypeError(`PROPERTY_SEED must be an integer, not ${process.env['PROPERTY_SEED']}`);
fc.configureGlobal({ seed: SEED });

export { fc };
export type { Arbitrary } from 'fast-check';
