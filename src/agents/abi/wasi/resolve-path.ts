import { WasiError } from './wasi-errno.ts';

export interface ResolvedPath {
  /** names between slashes, from the preopened directory; '' is that one */
  readonly path: string;
  /** a slash at the end, or a last name of `.` or `..`, says that it is a directory */
  readonly mustBeDirectory: boolean;
}

/** A path that a guest gives relative to an open directory. It can't leave that directory: absolute ones and a `..` too many are EPERM. Links are not looked at here. */
export function resolvePath(base: string, path: string): ResolvedPath {
  if (path === '') throw new WasiError('noent');
  if (path.includes('\0')) throw new WasiError('inval');
  if (path.startsWith('/')) throw new WasiError('perm');
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) throw new WasiError('perm');
  }
  return { path: [base, ...names].filter((part) => part !== '').join('/'), mustBeDirectory: /(?:^|\/)\.{0,2}$/u.test(path) };
}
