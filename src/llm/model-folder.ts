/** The models that a host serves by name: the embedded one, and the GGUF files of one folder. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NanosError } from '../protocol/errors.ts';
import type { ModelInfo } from '../protocol/model.ts';
import { EMBEDDED_MODEL } from './embedded-model.ts';
import { modelInfo, modelName } from './model-info.ts';

export interface ModelFile {
  readonly name: string;
  readonly path: string;
}

/** The embedded one first, then by name. Of files in parts, the first stands for all. */
export async function modelFiles(folder: string): Promise<readonly ModelFile[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw new NanosError('folder_unreadable', `The folder of models ${folder} can not be read: ${error.code ?? error.message}`, { cause: error });
  });
  const files = names.filter((name) => /\.gguf$/i.test(name) && !isLaterPart(name)).toSorted();
  return [EMBEDDED_MODEL, ...files.map((name) => ({ name: modelName(name), path: join(folder, name) }))];
}

/** Those of the files that can be used. */
export async function usableModels(folder: string): Promise<readonly ModelInfo[]> {
  const read = await Promise.allSettled((await modelFiles(folder)).map(({ name, path }) => modelInfo(path, name)));
  return read.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

/** By its name; `:latest` behind it, which some clients add, says nothing. Throws `model_missing`. */
export async function findModel(folder: string, name: string): Promise<ModelFile> {
  const files = await modelFiles(folder);
  const found = files.find((file) => file.name === name) ?? files.find((file) => file.name === name.replace(/:latest$/, ''));
  if (found !== undefined) return found;
  const known = files.map((file) => file.name).join(', ');
  throw new NanosError('model_missing', `There is no model ${JSON.stringify(name.slice(0, 200))}; there are: ${known}. A file NAME.gguf in the folder of models adds one`);
}

/** `model-00002-of-00003.gguf` */
function isLaterPart(name: string): boolean {
  const part = /-(\d{5})-of-\d{5}\.gguf$/i.exec(name)?.[1];
  return part !== undefined && Number(part) !== 1;
}
