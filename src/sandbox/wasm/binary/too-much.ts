import { NanosError } from '../../../protocol/errors.ts';

/** Throws module_refused for a module with more of something than is accepted. */
export function tooMuch(what: string, count: number, max: number): never {
  throw new NanosError('module_refused', `The module has ${count} ${what}: at most ${max} are accepted`);
}
