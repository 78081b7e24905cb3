import { readFile } from 'node:fs/promises';
import { NanosError } from '../../protocol/errors.ts';
import { pathFromHere } from '../../util/path-from-here.ts';
import { decodeArtefact, type ArtefactContent } from './artefact-file.ts';

/**
 * Reads a built app and checks its hash: V8 loads a damaged snapshot or code cache without noticing.
 * Throws artefact_corrupt, also when the file can't be read. Sections are views of one buffer.
 */
export async function loadArtefact(file: string, sha256: string): Promise<ArtefactContent> {
  return decodeArtefact(await readOrCorrupt(file), sha256);
}

async function readOrCorrupt(file: string): Promise<Buffer> {
  try {
    return await readFile(pathFromHere(file));
  } catch (error) {
    throw new NanosError('artefact_corrupt', `The artefact ${file} can not be read: it has to be built again`, { cause: error });
  }
}
