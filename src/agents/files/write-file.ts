import { randomBytes } from 'node:crypto';
import { closeSync, constants, fchmodSync, fstatSync, mkdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { AGENT_LIMITS } from '../../protocol/agent-limits.ts';
import { fileErrorCode } from '../../util/file-error.ts';
import { SyscallError } from '../syscall-handler.ts';
import { locateTarget, settle } from './locate.ts';
import type { FileCall } from './locate.ts';
import { OpenFolder, sameFile } from './open-folder.ts';
import { requireRegular } from './read-file.ts';

const PERMISSION_BITS = 0o777;

/**
 * Puts a whole new file in the place of the old one, so that readers see either, and writes through no link: a symbolic link in its place is refused, and of a
 * file with several hard links only this name is the new one's. New files and folders are the host's user's alone; a file that is replaced hands on its permissions.
 * The new file is there for good once the host has crashed; after a power failure either may be there.
 */
export function writeFile(call: FileCall, bytes: Uint8Array): void {
  if (bytes.length > AGENT_LIMITS.fileBytesMax) throw new SyscallError('too_large', `More than ${AGENT_LIMITS.fileBytesMax} bytes: ${call.asked}`);
  settle(call, () => {
    const { folder, missing, name } = locateTarget(call);
    OpenFolder.open(folder.real).with((found) => writeBelow(call, found, missing, name, bytes));
  });
}

function writeBelow(call: FileCall, folder: OpenFolder, missing: readonly string[], name: string, bytes: Uint8Array): void {
  const [next, ...rest] = missing;
  if (next === undefined) return replaceIn(call, folder, name, bytes);
  makeFolder(folder.at(next));
  folder.openFolder(next).with((made) => writeBelow(call, made, rest, name, bytes));
}

/** One that is there already is left as it is. */
export function makeFolder(way: string): void {
  try {
    mkdirSync(way, 0o700);
  } catch (error) {
    if (fileErrorCode(error) !== 'EEXIST') throw error;
  }
}

function replaceIn(call: FileCall, folder: OpenFolder, name: string, bytes: Uint8Array): void {
  const old = folder.look(name);
  if (old?.isSymbolicLink() === true) throw SyscallError.denied(call.asked, 'links are not written through');
  if (old !== undefined) requireRegular(call, old);
  requireWritable(call, join(folder.path, name), old);
  const temporary = `.nanos-${randomBytes(8).toString('hex')}.tmp`;
  try {
    writeNew(folder, temporary, old === undefined ? undefined : old.mode & PERMISSION_BITS, bytes);
    renameSync(folder.at(temporary), folder.at(name));
  } catch (error) {
    rmSync(folder.at(temporary), { force: true });
    throw error;
  }
}

/** Compared as files, too: where case does not count, a path has many spellings. */
export function requireWritable(call: FileCall, path: string, old: Stats | undefined): void {
  const suffix = call.grant.readOnlySuffixes.find((end) => path.toLowerCase().endsWith(end));
  if (suffix !== undefined) throw SyscallError.denied(call.asked, `an agent changes no ${suffix} file`);
  const isOne = call.grant.readOnlyPaths.some((file) => {
    if (file === path) return true;
    const stats = old === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
    return old !== undefined && stats !== undefined && sameFile(old, stats);
  });
  if (isOne) throw SyscallError.denied(call.asked, 'an agent does not change its own manifest or module');
}

function writeNew(folder: OpenFolder, name: string, mode: number | undefined, bytes: Uint8Array): void {
  const descriptor = folder.openFile(name, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode ?? 0o600);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    // Node's permission model knows no fchmod, so it is for what the process's umask took away.
    if (mode !== undefined && (fstatSync(descriptor).mode & PERMISSION_BITS) !== mode) fchmodSync(descriptor, mode);
  } finally {
    closeSync(descriptor);
  }
}
