import { readFile } from 'node:fs/promises';
import { pathFromHere } from '../../util/path-from-here.ts';
import { StackMapper } from './stack-mapper.ts';

/** Reads a built app's source map; a missing or damaged one maps nothing, because it only serves messages. */
export async function loadSourceMap(file: string): Promise<StackMapper> {
  try {
    return new StackMapper(await readFile(pathFromHere(file), 'utf8'));
  } catch {
    return new StackMapper(undefined);
  }
}
