import { stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import type { BuildInput } from '../../protocol/app.ts';

/** Files that steer the bundler from any folder on a source's way up. */
export const STEERING_FILES = ['package.json', 'tsconfig.json', 'jsconfig.json'];

/**
 * Adds to the files that a bundle was made from what else could change it: the folders they lie in, up to the app's folder or the
 * package's (a new file there may take another's place), and the files there that steer the bundler.
 * What changed since `startedMs` gets a time that never matches.
 */
export async function completeInputs(folder: string, files: readonly BuildInput[], startedMs: number): Promise<BuildInput[]> {
  const folders = new Set([folder]);
  for (const { path } of files) {
    for (let at = dirname(path); !folders.has(at) && isOwn(folder, at); at = dirname(at)) folders.add(at);
  }
  const candidates = [...folders].flatMap((at) => [at, ...STEERING_FILES.map((name) => join(at, name))]);
  const known = new Set(files.map(({ path }) => path));
  const found = await Promise.all(candidates.filter((path) => !known.has(path)).map((path) => currentInput(path)));
  const fresh = found.filter((input) => input !== undefined).map((input) => (input.mtimeMs >= startedMs ? { ...input, mtimeMs: -1 } : input));
  return [...files, ...fresh];
}

/** Within the app's folder, or within one package. */
function isOwn(folder: string, path: string): boolean {
  if (path.startsWith(folder + sep)) return true;
  return basename(path) !== 'node_modules' && path.includes(`${sep}node_modules${sep}`);
}

export async function currentInput(path: string): Promise<BuildInput | undefined> {
  try {
    const { size, mtimeMs } = await stat(path);
    return { path, size, mtimeMs };
  } catch {
    return undefined;
  }
}

/** Whether every input is as it was. */
export async function inputsHold(inputs: readonly BuildInput[]): Promise<boolean> {
  const now = await Promise.all(inputs.map(({ path }) => currentInput(path)));
  return inputs.every((input, index) => now[index]?.size === input.size && now[index].mtimeMs === input.mtimeMs);
}
