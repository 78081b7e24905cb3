/** Where a path of an agent leads, links followed, and whether the agent may go there. */
import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileAllowed, folderAllowed } from '../../policy/agent-files.ts';
import type { FileVerdict } from '../../policy/agent-files.ts';
import { fileErrorCode } from '../../util/file-error.ts';
import { isInside } from '../../util/is-inside.ts';
import type { Grant } from '../grant.ts';
import { SyscallError } from '../syscall-handler.ts';
import { PathMoved } from './open-folder.ts';

/** A call about one path: in one spelling, as requestedPath gives it. */
export interface FileCall {
  readonly grant: Grant;
  readonly path: string;
  /** for messages */
  readonly asked: string;
}

/** Where something is: absolute, without links, below the manifest's folder or that folder itself. */
export interface Location {
  readonly real: string;
  /** from the manifest's folder; '' is that folder */
  readonly path: string;
}

const ATTEMPTS_MAX = 8;

/** Runs `attempt` until what it looks at holds still, and makes replies of the errors of the file system. */
export function settle<T>(call: FileCall, attempt: () => T): T {
  for (let attempts = 1; ; attempts++) {
    try {
      return attempt();
    } catch (error) {
      if (!(error instanceof PathMoved)) throw asSyscallError(call, error);
      if (attempts === ATTEMPTS_MAX) throw SyscallError.denied(call.asked, 'a link on the way leads nowhere, or the path keeps changing');
    }
  }
}

/** Something to be read that exists. `allowed` judges what the path leads to; the path itself was judged before. */
export function locate(call: FileCall, allowed: (path: string) => FileVerdict): Location {
  const location = locationOf(call, realpathSync.native(join(call.grant.manifest.folder, call.path)));
  requireAllowed(call, allowed(location.path));
  requireNotWithheld(call, location.real);
  return location;
}

export function readable(call: FileCall): (path: string) => FileVerdict {
  return (path) => fileAllowed(call.grant.read, path);
}

export function visibleFolder(call: FileCall): (path: string) => FileVerdict {
  return (path) => folderAllowed(call.grant.read, path);
}

export interface Target {
  /** the folder nearest to the file that exists */
  readonly folder: Location;
  /** folders to be made in it, one in the other */
  readonly missing: readonly string[];
  readonly name: string;
}

/** A file to be written, which need not exist, nor its folder. */
export function locateTarget(call: FileCall): Target {
  const { grant } = call;
  const name = basename(call.path);
  const missing: string[] = [];
  let way = dirname(call.path);
  for (let real = existing(join(grant.manifest.folder, way)); ; real = existing(join(grant.manifest.folder, way))) {
    if (real !== undefined) {
      const folder = locationOf(call, real);
      const path = [folder.path, ...missing, name].filter((part) => part !== '').join('/');
      requireAllowed(call, fileAllowed(grant.write, path));
      requireNotWithheld(call, join(grant.manifest.folder, path));
      return { folder, missing, name };
    }
    if (way === '.') throw new SyscallError('not_found', `The manifest's folder is gone: ${call.asked}`);
    missing.unshift(basename(way));
    way = dirname(way);
  }
}

function existing(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (fileErrorCode(error) !== 'ENOENT' || lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) throw error;
    return undefined;
  }
}

function locationOf(call: FileCall, real: string): Location {
  const { folder } = call.grant.manifest;
  if (real !== folder && !isInside(folder, real)) throw SyscallError.denied(call.asked, "the path leads out of the manifest's folder");
  return { real, path: relative(folder, real) };
}

function requireAllowed(call: FileCall, verdict: FileVerdict): void {
  if (!verdict.allowed) throw SyscallError.denied(`${call.asked}, which leads elsewhere`, verdict.rule);
}

function requireNotWithheld(call: FileCall, real: string): void {
  if (isWithheld(call.grant, real)) throw SyscallError.denied(call.asked, 'the path belongs to the host');
}

export function isWithheld(grant: Grant, real: string): boolean {
  return grant.withheldPaths.some((withheld) => withheld === real || isInside(withheld, real));
}

const MISSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP']);

/** Without the system's message, which names paths of the host. */
function asSyscallError({ asked }: FileCall, error: unknown): unknown {
  const code = fileErrorCode(error);
  if (error instanceof SyscallError || code === undefined) return error;
  if (MISSING.has(code)) return new SyscallError('not_found', `Not found: ${asked}`);
  if (code === 'EISDIR') return new SyscallError('not_a_file', `Not a file: ${asked}`);
  if (code === 'EACCES' || code === 'EPERM') return new SyscallError('io_failed', `The operating system does not let the host do it: ${asked}`);
  return new SyscallError('io_failed', `Failed with ${code}: ${asked}`);
}
