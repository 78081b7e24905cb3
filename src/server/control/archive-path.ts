import { NanosError } from '../../protocol/errors.ts';

const BYTES_MAX = 1_024;
const PART_BYTES_MAX = 255;
const DEPTH_MAX = 32;

/**
 * The canonical form of a name in an archive: parts joined by '/', without '.', empty parts or a slash at an end; '' is the archive's root.
 * Throws `path_escape` for one that is absolute or climbs with '..', `upload_invalid` for one that some file system would read otherwise.
 */
export function archivePath(name: string): string {
  if (name.startsWith('/')) throw new NanosError('path_escape', `${shown(name)} is an absolute path. Paths in an upload are relative to the app's folder`);
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new NanosError('path_escape', `${shown(name)} leaves the app's folder`);
  const path = parts.join('/');
  if (path.includes('\\') || hasControlCharacter(path)) throw new NanosError('upload_invalid', `${shown(name)} holds a backslash or a control character`);
  const tooLong = Buffer.byteLength(path) > BYTES_MAX || parts.length > DEPTH_MAX || parts.some((part) => Buffer.byteLength(part) > PART_BYTES_MAX);
  if (tooLong) throw new NanosError('upload_invalid', `${shown(name)} is too long or too deep: at most ${BYTES_MAX} bytes and ${DEPTH_MAX} folders`);
  return path;
}

function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

function shown(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}
