import { closeSync, constants, fstatSync, readSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { basename, dirname } from 'node:path';
import { AGENT_LIMITS } from '../../protocol/agent-limits.ts';
import { SyscallError } from '../syscall-handler.ts';
import { locate, readable, settle } from './locate.ts';
import type { FileCall } from './locate.ts';
import { OpenFolder, PathMoved } from './open-folder.ts';

/**
 * The bytes of a regular file, as many as it had when it was opened. What was opened is checked, not what the path seemed to lead to:
 * pipes, devices and folders, files with several hard links, which may be others' files, and files over the limit are refused unread.
 */
export function readFile(call: FileCall): Uint8Array {
  return settle(call, () => {
    const { real } = locate(call, readable(call));
    return OpenFolder.open(dirname(real)).with((folder) => readIn(call, folder, basename(real)));
  });
}

function readIn(call: FileCall, folder: OpenFolder, name: string): Uint8Array {
  const seen = folder.look(name);
  if (seen === undefined || seen.isSymbolicLink()) throw new PathMoved();
  // before it is opened: opening alone may wake the other end of a pipe, or a device
  requireRegular(call, seen);
  const descriptor = folder.openFile(name, constants.O_RDONLY);
  try {
    const stats = fstatSync(descriptor);
    requireRegular(call, stats);
    if (stats.nlink > 1) throw SyscallError.denied(call.asked, 'files with several hard links are not read');
    if (stats.size > AGENT_LIMITS.fileBytesMax) throw new SyscallError('too_large', `Larger than ${AGENT_LIMITS.fileBytesMax} bytes: ${call.asked}`);
    return readBytes(descriptor, stats.size);
  } finally {
    closeSync(descriptor);
  }
}

export function requireRegular(call: FileCall, stats: Stats): void {
  if (stats.isDirectory()) throw new SyscallError('not_a_file', `A folder, not a file: ${call.asked}`);
  if (!stats.isFile()) throw SyscallError.denied(call.asked, 'only regular files are opened');
}

/** Less when the file was cut short meanwhile. */
function readBytes(descriptor: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const read = readSync(descriptor, bytes, length, size - length, null);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}
