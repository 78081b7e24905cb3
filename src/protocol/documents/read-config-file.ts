import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { NanosError } from '../errors.ts';
import { fileErrorCode } from '../../util/file-error.ts';
import { isInside } from '../../util/is-inside.ts';

export const CONFIG_BYTES_MAX = 1024 * 1024;

export interface ReadLimits {
  /** real path of the folder that the file must be in, also after following symbolic links; undefined: anywhere */
  readonly folder?: string | undefined;
  /** default CONFIG_BYTES_MAX */
  readonly bytesMax?: number | undefined;
}

// a named pipe must not hold the reader up, and the checked path must not have become a link meanwhile
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/**
 * Text of a configuration file: a regular file, UTF-8, its byte-order mark taken off.
 * Throws `path_escape`, `config_invalid` or `folder_unreadable`.
 */
export async function readConfigFile(path: string, { folder, bytesMax = CONFIG_BYTES_MAX }: ReadLimits = {}): Promise<string> {
  try {
    const real = await realpath(path);
    if (folder !== undefined && !isInside(folder, real)) {
      throw invalid('path_escape', path, `${path} points out of its folder; copy the file into ${folder}`);
    }
    const file = await open(real, OPEN_FLAGS);
    try {
      return decode(path, await readWhole(path, file, bytesMax));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw asNanosError(path, error);
  }
}

async function readWhole(path: string, file: FileHandle, bytesMax: number): Promise<Uint8Array> {
  const stats = await file.stat();
  if (!stats.isFile()) throw invalid('config_invalid', path, `${path} is not a regular file`);
  if (stats.size > bytesMax) throw invalid('config_invalid', path, `${path} is larger than ${bytesMax} bytes`);
  // one byte more shows a file that grows while it is read
  const buffer = new Uint8Array(stats.size + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  if (length > stats.size) throw invalid('config_invalid', path, `${path} changed while it was read; try again`);
  return buffer.subarray(0, length);
}

function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw invalid('config_invalid', path, `${path} is not valid UTF-8`, error);
  }
}

function asNanosError(path: string, error: unknown): unknown {
  switch (fileErrorCode(error)) {
    case 'EACCES':
    case 'EPERM':
      return invalid('folder_unreadable', path, `${path} can't be read: permission denied`, error);
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ELOOP':
      return invalid('config_invalid', path, `${path} does not exist`, error);
    case 'ENXIO':
      return invalid('config_invalid', path, `${path} is not a regular file`, error);
    default:
      return error;
  }
}

function invalid(code: 'path_escape' | 'config_invalid' | 'folder_unreadable', file: string, message: string, cause?: unknown): NanosError {
  return new NanosError(code, message, { position: { file }, cause });
}
