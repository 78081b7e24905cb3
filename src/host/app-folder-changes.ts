import { dirname } from 'node:path';
import { discoverOne, subfolders, type DiscoveredApps } from '../apps/config/discover-apps.ts';
import { listAppFolder, looksLikeApp } from '../apps/config/list-app-folder.ts';
import { mapBounded } from '../apps/config/map-bounded.ts';

const FOLDERS_AT_ONCE = 32;

export interface FolderChanges extends DiscoveredApps {
  /** paths of apps whose folders are there no more */
  readonly gone: readonly string[];
  /** folders without an app, in which one may be about to appear */
  readonly empty: readonly string[];
}

/**
 * What has come and gone in folders of apps, by one listing of each: nothing that is in `known`, paths of the apps that are served, is read again.
 * Undefined: one of `roots` is an app itself. Throws `folder_missing` or `folder_unreadable` for one of them.
 */
export async function appFolderChanges(roots: readonly string[], known: ReadonlySet<string>): Promise<FolderChanges | undefined> {
  const changes = { apps: [], failures: [], gone: [], empty: [] } satisfies FolderChanges;
  const all: FolderChanges[] = [];
  for (const root of roots) {
    const listing = await listAppFolder(root);
    if (looksLikeApp(listing)) return undefined;
    all.push(await changesIn(listing.root, known));
  }
  return all.reduce((sum, { apps, failures, gone, empty }) => ({ apps: [...sum.apps, ...apps], failures: [...sum.failures, ...failures], gone: [...sum.gone, ...gone], empty: [...sum.empty, ...empty] }), changes);
}

async function changesIn(root: string, known: ReadonlySet<string>): Promise<FolderChanges> {
  const folders = await subfolders(root);
  const there = new Set(folders);
  const changes: { -readonly [K in keyof FolderChanges]: FolderChanges[K][number][] } = { apps: [], failures: [], gone: [], empty: [] };
  changes.gone = [...known].filter((path) => dirname(path) === root && !there.has(path));
  const unknown = folders.filter((folder) => !known.has(folder));
  const found = await mapBounded(unknown, FOLDERS_AT_ONCE, discoverOne);
  for (const [index, one] of found.entries()) {
    if (one === undefined) changes.empty.push(unknown[index]!);
    else if ('error' in one) changes.failures.push(one);
    else changes.apps.push(one);
  }
  return changes;
}
