import { closeSync, fstatSync } from 'node:fs';

/** Where descriptors that scripts open by number (`exec 200>lock`) are found. */
const DESCRIPTORS_MAX = 1_024;

/**
 * Closes files and folders that this process was started with, by a parent that does not know of them: whatever starts nanos may have opened some, for
 * writing too. `kept`: the highest descriptor that was given on purpose. To be called before anything else opens files.
 */
export function closeInheritedFiles(kept: number): void {
  for (let descriptor = kept + 1; descriptor < DESCRIPTORS_MAX; descriptor++) if (isFile(descriptor)) closeSync(descriptor);
}

function isFile(descriptor: number): boolean {
  try {
    const stats = fstatSync(descriptor);
    return stats.isFile() || stats.isDirectory();
  } catch {
    return false;
  }
}
