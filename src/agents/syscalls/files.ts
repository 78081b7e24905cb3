/** The family `fs`: files below the manifest's folder, within its globs. All replies are inline. */
import { z } from 'zod';
import { fileAllowed, folderAllowed, requestedPath } from '../../policy/agent-files.ts';
import type { FileVerdict } from '../../policy/agent-files.ts';
import { ALLOWED, denied } from '../../policy/agent-verdict.ts';
import type { AgentVerdict } from '../../policy/agent-verdict.ts';
import type { SyscallName } from '../../protocol/agent/syscalls.ts';
import { fileStatus, listFolder } from '../files/list-folder.ts';
import type { FileCall } from '../files/locate.ts';
import { makeFolderAt } from '../files/make-folder.ts';
import { readFile } from '../files/read-file.ts';
import { removePath } from '../files/remove-path.ts';
import { renameFile } from '../files/rename-file.ts';
import { writeFile } from '../files/write-file.ts';
import type { Grant } from '../grant.ts';
import { SyscallError } from '../syscall-handler.ts';
import type { SyscallHandler } from '../syscall-handler.ts';

const EMPTY = new Uint8Array();
const SHOWN_CHARACTERS_MAX = 200;

const pathArguments = z.strictObject({ path: z.string() });
type PathArguments = z.infer<typeof pathArguments>;

/** `{ "path" }`, a body for `fs_write` alone. */
function fileSyscall(
  name: SyscallName,
  body: SyscallHandler['body'],
  allowed: (grant: Grant, path: string) => FileVerdict,
  act: (call: FileCall, isFolder: boolean, bytes: Uint8Array) => Uint8Array,
): SyscallHandler<PathArguments> {
  return {
    name,
    arguments: pathArguments,
    body,
    authorize: (args, { grant }) => authorize(name, args.path, (path) => allowed(grant, path)),
    act(args, bytes, { grant }) {
      const requested = requestedPath(args.path);
      const asked = askedFor(name, args.path);
      if (!requested.valid) throw SyscallError.denied(asked, requested.rule);
      return act({ grant, path: requested.path, asked }, requested.isFolder, bytes ?? EMPTY);
    },
  };
}

function authorize(name: SyscallName, path: string, allowed: (path: string) => FileVerdict): AgentVerdict {
  const requested = requestedPath(path);
  const verdict: FileVerdict = requested.valid ? allowed(requested.path) : { allowed: false, rule: requested.rule };
  return verdict.allowed ? ALLOWED : denied(askedFor(name, path), verdict.rule);
}

function askedFor(name: SyscallName, path: string): string {
  return `${name} ${JSON.stringify(path.length > SHOWN_CHARACTERS_MAX ? `${path.slice(0, SHOWN_CHARACTERS_MAX)}…` : path)}`;
}

function requireFileName({ asked }: FileCall, isFolder: boolean): void {
  if (isFolder) throw new SyscallError('not_a_file', `The path names a folder: ${asked}`);
}

function requireName({ path, asked }: FileCall): void {
  if (path === '') throw new SyscallError('invalid_argument', `The path names the manifest's folder itself: ${asked}`);
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

const renameArguments = z.strictObject({ from: z.string(), to: z.string() });
type RenameArguments = z.infer<typeof renameArguments>;

/** What gets another name may be read by it: so it had to be readable, too. */
const renameSyscall: SyscallHandler<RenameArguments> = {
  name: 'fs_rename',
  arguments: renameArguments,
  body: 'none',
  authorize({ from, to }, { grant }) {
    const mayRead = authorize('fs_rename', from, (path) => fileAllowed(grant.read, path));
    const mayRemove = authorize('fs_rename', from, (path) => fileAllowed(grant.write, path));
    const mayWrite = authorize('fs_rename', to, (path) => fileAllowed(grant.write, path));
    return [mayRead, mayRemove, mayWrite].find(({ allowed }) => !allowed) ?? ALLOWED;
  },
  act({ from, to }, _body, { grant }) {
    const [source, target] = [from, to].map((path) => {
      const requested = requestedPath(path);
      const asked = askedFor('fs_rename', path);
      if (!requested.valid) throw SyscallError.denied(asked, requested.rule);
      requireFileName({ grant, path, asked }, requested.isFolder);
      return { grant, path: requested.path, asked };
    });
    if (source !== undefined && target !== undefined) renameFile(source, target);
    return EMPTY;
  },
};

export const fileSyscalls: readonly SyscallHandler[] = [
  fileSyscall('fs_read', 'none', (grant, path) => fileAllowed(grant.read, path), (call, isFolder) => {
    requireFileName(call, isFolder);
    return readFile(call);
  }),
  fileSyscall('fs_write', 'optional', (grant, path) => fileAllowed(grant.write, path), (call, isFolder, bytes) => {
    requireFileName(call, isFolder);
    writeFile(call, bytes);
    return EMPTY;
  }),
  fileSyscall('fs_mkdir', 'none', (grant, path) => fileAllowed(grant.write, path), (call) => {
    requireName(call);
    makeFolderAt(call);
    return EMPTY;
  }),
  fileSyscall('fs_remove', 'none', (grant, path) => fileAllowed(grant.write, path), (call) => {
    requireName(call);
    removePath(call);
    return EMPTY;
  }),
  renameSyscall,
  fileSyscall('fs_list', 'none', (grant, path) => folderAllowed(grant.read, path), (call) => json(listFolder(call))),
  fileSyscall('fs_stat', 'none', (grant, path) => folderAllowed(grant.read, path), (call) => json(fileStatus(call))),
];
