import { lstatSync, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { isAbsolute, join } from 'node:path';

/**
 * Keeps what V8 makes of our own sources for the next command, in `$XDG_CACHE_HOME/nanos` or `~/.cache/nanos`. Only in a folder that is ours alone: whoever writes there runs code here.
 * Where there is none, commands start slower, and that is all.
 */
export function useCodeCache(environment: Readonly<Record<string, string | undefined>>): void {
  const folder = cacheFolder(environment);
  if (folder !== undefined && isPrivate(folder)) enableCompileCache(folder);
}

/** XDG Base Directory Specification 0.8: a path that is not absolute is none. */
export function cacheFolder({ XDG_CACHE_HOME: caches = '', HOME: home = '' }: Readonly<Record<string, string | undefined>>): string | undefined {
  if (isAbsolute(caches)) return join(caches, 'nanos');
  return isAbsolute(home) ? join(home, '.cache', 'nanos') : undefined;
}

/** Makes the folder when it is not there. */
function isPrivate(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = lstatSync(folder);
    return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
  } catch {
    return false;
  }
}
