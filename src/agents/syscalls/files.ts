/** The family `fs`: files below the manifest's folder, within its globs. All replies are inline. */
import { z } from 'zod';
import { fileAllowed, folderAllowed, requestedPath } from '../../policy/agent-files.ts';
import type { FileVerdict } from '../../policy/agent-files.ts';
import { ALLOWED, denied } from '../../policy/agent-verdict.ts';
import type { AgentVerdict } from '../../policy/agent-verdict.ts';
import type { SyscallName } from '../../protocol/agent/syscalls.ts';
import { fileStatus, listFolder } from '../files/list-folder.ts';
import type { FileCall } from '../files/locate.ts';
import { readFile } from '../files/read-file.ts';
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

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

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
  fileSyscall('fs_list', 'none', (grant, path) => folderAllowed(grant.read, path), (call) => json(listFolder(call))),
  fileSyscall('fs_stat', 'none', (grant, path) => folderAllowed(grant.read, path), (call) => json(fileStatus(call))),
];
