import { rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { SyscallError } from '../syscall-handler.ts';
import { locateTarget, settle } from './locate.ts';
import type { FileCall } from './locate.ts';
import { OpenFolder } from './open-folder.ts';
import { requireWritable } from './write-file.ts';

/** A file or an empty folder. A link is refused, and what is not there is gone already. */
export function removePath(call: FileCall): void {
  settle(call, () => {
    const { folder, missing, name } = locateTarget(call);
    if (missing.length === 0) OpenFolder.open(folder.real).with((found) => removeIn(call, found, name));
  });
}

function removeIn(call: FileCall, folder: OpenFolder, name: string): void {
  const old = folder.look(name);
  if (old === undefined) return;
  if (old.isDirectory()) return rmdirSync(folder.at(name));
  if (!old.isFile()) throw SyscallError.denied(call.asked, 'only regular files and folders are removed');
  requireWritable(call, join(folder.path, name), old);
  unlinkSync(folder.at(name));
}
