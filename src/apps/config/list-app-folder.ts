import type { Dirent } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { NanosError } from '../../protocol/errors.ts';
import { fileErrorCode, isMissing } from '../../util/file-error.ts';

/** First come, first served. */
const CONFIG_NAMES = ['wrangler.jsonc', 'wrangler.json', 'wrangler.toml', 'app.nano'] as const;
export type ConfigName = (typeof CONFIG_NAMES)[number];

const ENTRY_ENDINGS = ['ts', 'tsx', 'js', 'mjs', 'jsx', 'mts'] as const;

/** For messages about a folder that holds no app. */
export const ACCEPTED = `${CONFIG_NAMES.join(', ')}, or index, worker or src/index with one of the endings ${ENTRY_ENDINGS.join(', ')}`;

/** What in a folder makes it an app. */
export interface AppFolderListing {
  /** absolute, as it was named */
  readonly folder: string;
  /** the same with symbolic links followed */
  readonly root: string;
  /** in their order of precedence */
  readonly configs: readonly ConfigName[];
  readonly hasDevVars: boolean;
  /** the entry for lack of a `main`, relative to the folder */
  readonly bareEntry: string | undefined;
}

/** Throws `folder_missing` or `folder_unreadable`. */
export async function listAppFolder(path: string): Promise<AppFolderListing> {
  const folder = resolve(path);
  const { root, entries } = await readFolder(folder);
  const names = new Set(entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name));
  return {
    folder,
    root,
    configs: CONFIG_NAMES.filter((name) => names.has(name)),
    hasDevVars: names.has('.dev.vars'),
    bareEntry: entryAmong(names, 'index') ?? entryAmong(names, 'worker') ?? (await entryInSource(root, entries)),
  };
}

export function looksLikeApp(listing: AppFolderListing): boolean {
  return listing.configs.length > 0 || listing.bareEntry !== undefined;
}

/** A folder's real path and what is in it. Throws `folder_missing` or `folder_unreadable`. */
export async function readFolder(folder: string): Promise<{ root: string; entries: Dirent[] }> {
  try {
    const root = await realpath(folder);
    return { root, entries: await readdir(root, { withFileTypes: true }) };
  } catch (error) {
    if (fileErrorCode(error) === 'ENOTDIR') throw new NanosError('folder_missing', `${folder} is not a folder`, { cause: error });
    if (isMissing(error)) throw new NanosError('folder_missing', `There is no folder ${folder}`, { cause: error });
    const reason = fileErrorCode(error) === 'EACCES' ? 'permission denied' : String(error);
    throw new NanosError('folder_unreadable', `Folder ${folder} can't be read: ${reason}`, { cause: error });
  }
}

async function entryInSource(root: string, entries: readonly Dirent[]): Promise<string | undefined> {
  const hasSource = entries.some((entry) => entry.name === 'src' && (entry.isDirectory() || entry.isSymbolicLink()));
  if (!hasSource) return undefined;
  try {
    const found = entryAmong(new Set(await readdir(join(root, 'src'))), 'index');
    return found === undefined ? undefined : join('src', found);
  } catch (error) {
    if (fileErrorCode(error) === undefined) throw error;
    return undefined;
  }
}

function entryAmong(names: ReadonlySet<string>, stem: string): string | undefined {
  return ENTRY_ENDINGS.map((ending) => `${stem}.${ending}`).find((name) => names.has(name));
}
