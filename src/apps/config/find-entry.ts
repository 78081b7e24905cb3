import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { quoted } from '../../protocol/documents/config-document.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { SourcePosition } from '../../protocol/errors.ts';
import { isMissing } from '../../util/file-error.ts';
import { isInside } from '../../util/is-inside.ts';

/** Real path of the entry file `main`, which stands in the real folder `root`. Throws `entry_missing` or `path_escape`. */
export async function findEntry(root: string, main: string, position: SourcePosition | undefined): Promise<string> {
  const written = resolve(root, main);
  const real = await realPathOf(written, main, position);
  if (!isInside(root, real ?? written)) {
    throw new NanosError('path_escape', `main ${quoted(main)} is outside of the folder ${root}; move the file into it`, { position });
  }
  if (real === undefined) throw new NanosError('entry_missing', `main ${quoted(main)} does not exist: there is no ${written}`, { position });
  if (!(await stat(real)).isFile()) throw new NanosError('entry_missing', `main ${quoted(main)} is not a file; name the entry file in it`, { position });
  return real;
}

async function realPathOf(path: string, main: string, position: SourcePosition | undefined): Promise<string | undefined> {
  if (path.includes('\0')) throw new NanosError('entry_missing', `main ${quoted(main)} is no file name`, { position });
  try {
    return await realpath(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new NanosError('folder_unreadable', `main ${quoted(main)} can't be read: ${String(error)}`, { position, cause: error });
  }
}
