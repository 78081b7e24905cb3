import { join, resolve } from 'node:path';
import type { AppConfig } from '../../protocol/app.ts';
import { NanosError } from '../../protocol/errors.ts';
import { ACCEPTED, listAppFolder, looksLikeApp, readFolder } from './list-app-folder.ts';
import type { AppFolderListing } from './list-app-folder.ts';
import { mapBounded } from './map-bounded.ts';
import { readListedFolder } from './read-app-folder.ts';

const FOLDERS_AT_ONCE = 32;

export interface AppFailure {
  readonly folder: string;
  readonly error: NanosError;
}

/** In the order of the folders' names. One broken app does not keep the others away. */
export interface DiscoveredApps {
  readonly apps: AppConfig[];
  readonly failures: AppFailure[];
}

/**
 * The app in `dir`, or else the apps in its direct sub-folders. Hidden folders, `node_modules` and folders without anything like an app are passed over.
 * Throws `folder_missing` or `folder_unreadable` for `dir` itself, and `folder_empty` when there is no app at all.
 */
export async function discoverApps(dir: string): Promise<DiscoveredApps> {
  const listing = await listAppFolder(dir);
  const found = looksLikeApp(listing) ? [await readOne(listing)] : await mapBounded(await subfolders(listing.root), FOLDERS_AT_ONCE, discoverOne);
  const discovered = sortOut(found.filter((result) => result !== undefined));
  if (discovered.apps.length + discovered.failures.length > 0) return discovered;
  throw new NanosError('folder_empty', `There is no app in ${resolve(dir)} or in a folder in it; an app has ${ACCEPTED}`);
}

export function sortOut(results: readonly (AppConfig | AppFailure)[]): DiscoveredApps {
  const discovered: DiscoveredApps = { apps: [], failures: [] };
  for (const result of results) {
    if ('error' in result) discovered.failures.push(result);
    else discovered.apps.push(result);
  }
  return discovered;
}

/** Any other error than a NanosError is a defect of this host, and goes on its way. */
export function asFailure(folder: string, error: unknown): AppFailure {
  if (error instanceof NanosError) return { folder, error };
  throw error;
}

/** Paths of the folders in a folder that may be apps; `root` is a real path. */
export async function subfolders(root: string): Promise<string[]> {
  const { entries } = await readFolder(root);
  const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
  const names = folders.map((entry) => entry.name).filter((name) => !name.startsWith('.') && name !== 'node_modules');
  return names.toSorted(byCodeUnits).map((name) => join(root, name));
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Undefined: there is nothing like an app. */
export async function discoverOne(folder: string): Promise<AppConfig | AppFailure | undefined> {
  try {
    const listing = await listAppFolder(folder);
    return looksLikeApp(listing) ? await readOne(listing) : undefined;
  } catch (error) {
    const failure = asFailure(folder, error);
    // a link to a file or to nowhere, or a folder that has just gone
    return failure.error.code === 'folder_missing' ? undefined : failure;
  }
}

async function readOne(listing: AppFolderListing): Promise<AppConfig | AppFailure> {
  try {
    return await readListedFolder(listing);
  } catch (error) {
    return asFailure(listing.root, error);
  }
}
