import { relative } from 'node:path';

/**
 * The path by which this process opens a file: from its working directory, for what lies below that. A process that runs as a user of its own may
 * have no rights in the folders above.
 */
export function pathFromHere(file: string): string {
  const path = relative(process.cwd(), file);
  return path === '' || path.startsWith('..') ? file : path;
}
