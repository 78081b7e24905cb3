import { exposeInterface } from '../webidl.ts';
import { FormData } from './form-data.ts';

export { FormData, formDataEntries, isFormData } from './form-data.ts';
export { parseMultipart, serializeMultipart } from './lazy/index.ts';
export { makePairIterable } from '../pair-iterable.ts';
export type { PairIterable } from '../pair-iterable.ts';

export function installXhr(global: Record<string, unknown>): void {
  exposeInterface(global, 'FormData', FormData);
}
