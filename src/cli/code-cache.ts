import { lstatSync, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { isAbsolute, join } from 'node:path';

/** Keeps what V8 makes of our own sources for the next command, in a folder of `privateCacheFolder`. */
export function useCodeCache(folder: string): void {
  enableCompileCache(folder);
}

/**
 * What is kept from one command for the next is in `$XDG_CACHE_HOME/nanos` or `~/.cache/nanos`, and only in a folder that is ours alone: whoever writes there runs code here.
 * Where there is none, commands start slower, and that is all.
 */
export function privateCacheFolder(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const folder = cacheFolder(environment);
  return folder !== undefined && isPrivate(folder) ? folder : undefined;
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
