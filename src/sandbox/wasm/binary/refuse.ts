import { NanosError } from '../../../protocol/errors.ts';

/** A feature that the engine may know and nanos does not accept. */
export function refuse(feature: string, at?: number): never {
  throw new NanosError('module_refused', `The module uses ${feature}${at === undefined ? '' : ` at offset ${at}`}, which nanos does not accept`);
}
