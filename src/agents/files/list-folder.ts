import { lstatSync, opendirSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileAllowed } from '../../policy/agent-files.ts';
import { AGENT_LIMITS } from '../../protocol/agent-limits.ts';
import { SyscallError } from '../syscall-handler.ts';
import { isWithheld, locate, settle, visibleFolder } from './locate.ts';
import type { FileCall, Location } from './locate.ts';
import { OpenFolder, PathMoved } from './open-folder.ts';

export type FileType = 'file' | 'directory' | 'other';

export interface FolderEntry {
  readonly name: string;
  /** a link is `other`, whatever it leads to */
  readonly type: FileType;
  /** bytes of a file; 0 for anything else */
  readonly size: number;
}

export interface FileStatus {
  readonly type: FileType;
  readonly size: number;
  /** since the epoch, whole */
  readonly modifiedMs: number;
}

/** What stands in a folder, by name in the order of UTF-16 units, as far as the agent may read it. Names that are not UTF-8 can't be asked for, and are left out. */
export function listFolder(call: FileCall): FolderEntry[] {
  return settle(call, () => {
    const location = locate(call, visibleFolder(call));
    if (!lstatSync(location.real).isDirectory()) throw new SyscallError('invalid_argument', `Not a folder: ${call.asked}`);
    const entries = OpenFolder.open(location.real).with((folder) => namesIn(call, folder).flatMap((name) => visibleEntry(call, location, folder, name)));
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  });
}

/** Of what the path leads to. */
export function fileStatus(call: FileCall): FileStatus {
  return settle(call, () => {
    const location = locate(call, visibleFolder(call));
    const stats = lookAt(location);
    if (stats === undefined || stats.isSymbolicLink()) throw new PathMoved();
    const verdict = fileAllowed(call.grant.read, location.path);
    if (!verdict.allowed && !stats.isDirectory()) throw SyscallError.denied(call.asked, verdict.rule);
    return { ...typeAndSize(stats), modifiedMs: Math.floor(stats.mtimeMs) };
  });
}

function lookAt({ real, path }: Location): Stats | undefined {
  if (path === '') return OpenFolder.open(real).with((folder) => folder.look('.'));
  return OpenFolder.open(dirname(real)).with((folder) => folder.look(basename(real)));
}

function namesIn(call: FileCall, folder: OpenFolder): string[] {
  const names: string[] = [];
  const entries = opendirSync(folder.at('.'));
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      if (names.length === AGENT_LIMITS.folderEntriesMax) throw new SyscallError('too_large', `More than ${AGENT_LIMITS.folderEntriesMax} entries: ${call.asked}`);
      names.push(entry.name);
    }
    return names;
  } finally {
    entries.closeSync();
  }
}

function visibleEntry(call: FileCall, { real, path }: Location, folder: OpenFolder, name: string): FolderEntry[] {
  const stats = name.includes('\ufffd') ? undefined : folder.look(name);
  if (stats === undefined || isWithheld(call.grant, join(real, name))) return [];
  const below = path === '' ? name : `${path}/${name}`;
  const verdict = stats.isDirectory() ? visibleFolder(call)(below) : fileAllowed(call.grant.read, below);
  return verdict.allowed ? [{ name, ...typeAndSize(stats) }] : [];
}

function typeAndSize(stats: Stats): { type: FileType; size: number } {
  if (stats.isFile()) return { type: 'file', size: stats.size };
  return { type: stats.isDirectory() ? 'directory' : 'other', size: 0 };
}
