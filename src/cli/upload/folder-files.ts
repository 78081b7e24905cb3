import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { NanosError } from '../../protocol/errors.ts';
import type { UploadFile } from './upload-file.ts';

/** Not part of an app: its history, the data of tools, and packages, of which only what the app uses is uploaded (see module-files.ts). */
const LEFT_OUT = new Set(['.git', '.nanos', '.wrangler', 'node_modules']);

export interface FolderFiles {
  readonly files: readonly UploadFile[];
  /** what is neither a regular file nor a link to one inside the folder, relative to it */
  readonly skipped: readonly string[];
}

/** The files of an app's folder, by path. Links to files inside the folder count as files. Throws `folder_unreadable`. */
export async function folderFiles(folder: string): Promise<FolderFiles> {
  const root = await realpath(folder);
  const files: UploadFile[] = [];
  const skipped: string[] = [];
  const pending = [''];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for (const entry of await listFolder(join(root, path))) {
      const below = path === '' ? entry.name : `${path}/${entry.name}`;
      if (LEFT_OUT.has(entry.name)) continue;
      if (entry.isDirectory()) pending.push(below);
      else if (entry.isFile() || (entry.isSymbolicLink() && (await isFileInside(root, below)))) files.push({ source: join(root, below), path: below });
      else skipped.push(below);
    }
  }
  return { files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)), skipped: skipped.toSorted() };
}

async function listFolder(path: string) {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (cause) {
    throw new NanosError('folder_unreadable', `The folder ${path} can't be read`, { cause });
  }
}

async function isFileInside(root: string, path: string): Promise<boolean> {
  try {
    const target = await realpath(join(root, path));
    return target.startsWith(root + sep) && (await stat(target)).isFile();
  } catch {
    return false;
  }
}
