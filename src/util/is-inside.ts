import { isAbsolute, relative, sep } from 'node:path';

/** Whether `path` is below `folder`; both absolute, and real where symbolic links matter. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
