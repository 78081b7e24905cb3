import { compileMetered, meterOriginal, type MeteredModule } from './metered-module.ts';
import { moduleFromText } from './test-module.ts';

/** A metered module from text, for tests; it may import anything. */
export async function meteredFromText(text: string): Promise<MeteredModule> {
  const rules = { imports: () => true };
  const metered = await compileMetered(meterOriginal(moduleFromText(text), rules), rules);
  if (metered === undefined) throw new Error('A module that was just metered can not be read');
  return metered;
}
