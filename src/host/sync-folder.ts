import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mapBounded } from '../apps/config/map-bounded.ts';

const SYNCS_AT_ONCE = 16;

/** Resolves when a folder, and all that is in it, is on the disk and survives a loss of power. It may hold regular files and folders only. */
export async function syncFolder(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name));
  await mapBounded([...paths, folder], SYNCS_AT_ONCE, syncPath);
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
