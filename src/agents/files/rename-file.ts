import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileAllowed } from '../../policy/agent-files.ts';
import { SyscallError } from '../syscall-handler.ts';
import { locateTarget, settle } from './locate.ts';
import type { FileCall, Target } from './locate.ts';
import { OpenFolder } from './open-folder.ts';
import { requireRegular } from './read-file.ts';
import { requireWritable } from './write-file.ts';

/**
 * Gives a regular file another name, in the place of a file that has it. Folders and links keep theirs: with a folder everything in it would come under other rules.
 * The folder of the new name has to exist.
 */
export function renameFile(from: FileCall, to: FileCall): void {
  settle(from, () => {
    const [source, target] = [locateTarget(from), locateTarget(to)];
    requireFolder(from, source);
    requireFolder(to, target);
    requireReadable(from, source);
    OpenFolder.open(source.folder.real).with((here) => OpenFolder.open(target.folder.real).with((there) => renameIn(from, to, { here, name: source.name }, { there, newName: target.name })));
  });
}

function requireFolder({ asked }: FileCall, { missing }: Target): void {
  if (missing.length > 0) throw new SyscallError('not_found', `Not found: ${asked}`);
}

/** The name was judged before; this is what it leads to. */
function requireReadable({ grant, asked }: FileCall, { folder, name }: Target): void {
  const verdict = fileAllowed(grant.read, folder.path === '' ? name : `${folder.path}/${name}`);
  if (!verdict.allowed) throw SyscallError.denied(`${asked}, which leads elsewhere`, verdict.rule);
}

function renameIn(from: FileCall, to: FileCall, { here, name }: { here: OpenFolder; name: string }, { there, newName }: { there: OpenFolder; newName: string }): void {
  const [old, replaced] = [here.look(name), there.look(newName)];
  if (old === undefined) throw new SyscallError('not_found', `Not found: ${from.asked}`);
  requireRegular(from, old);
  if (old.nlink > 1) throw SyscallError.denied(from.asked, 'files with several hard links are not renamed');
  requireWritable(from, join(here.path, name), old);
  if (replaced !== undefined) requireRegular(to, replaced);
  requireWritable(to, join(there.path, newName), replaced);
  renameSync(here.at(name), there.at(newName));
}
