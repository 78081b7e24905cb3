import { opendir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileAllowed, folderAllowed, parseFileRules } from '../../../src/policy/agent-files.ts';
import { toolAllowed } from '../../../src/policy/agent-tools.ts';
import type { AgentManifest } from '../../../src/protocol/agent/manifest.ts';
import type { SyscallName } from '../../../src/protocol/agent/syscalls.ts';

export interface GrantedCall {
  readonly name: SyscallName;
  readonly args: Readonly<Record<string, string>>;
  readonly title: string;
}

const ENTRIES_SEEN_MAX = 10_000;
/** a reply this large tells of the file and not of the call */
const FILE_BYTES_MAX = 64 * 1024;

/** Calls that a manifest grants, that change nothing and that are answered at once. */
export async function callsGranted(manifest: AgentManifest): Promise<GrantedCall[]> {
  const rules = parseFileRules('permissions.fs_read', manifest.permissions.fsRead);
  const file = await findFile(manifest.folder, (path) => fileAllowed(rules, path).allowed);
  const calls: GrantedCall[] = [
    { name: 'goal', args: {}, title: 'goal' },
    { name: 'tools', args: {}, title: 'tools' },
    ...(folderAllowed(rules, '').allowed ? [{ name: 'fs_list' as const, args: { path: '.' }, title: 'fs_list of its folder' }] : []),
    ...(file === undefined ? [] : fileCalls(file)),
  ];
  return calls.filter(({ name }) => toolAllowed(name, manifest.tools).allowed && !manifest.approve.includes(name));
}

function fileCalls({ path, bytes }: FoundFile): GrantedCall[] {
  return [
    { name: 'fs_stat', args: { path }, title: `fs_stat of ${path}` },
    { name: 'fs_read', args: { path }, title: `fs_read of ${path}, ${bytes} bytes` },
  ];
}

interface FoundFile {
  /** relative to the folder */
  readonly path: string;
  readonly bytes: number;
}

/** The first regular file that is small enough and may be read. */
async function findFile(folder: string, mayRead: (path: string) => boolean): Promise<FoundFile | undefined> {
  let seen = 0;
  for await (const entry of await opendir(folder, { recursive: true })) {
    if (++seen > ENTRIES_SEEN_MAX) return undefined;
    const file = join(entry.parentPath, entry.name);
    const path = relative(folder, file);
    if (!entry.isFile() || !mayRead(path)) continue;
    const { size } = await stat(file);
    if (size <= FILE_BYTES_MAX) return { path, bytes: size };
  }
  return undefined;
}
