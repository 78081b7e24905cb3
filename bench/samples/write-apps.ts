import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes each source as a folder with an index.js below `folder`, and returns `folder`. */
export function writeApps(folder: string, sources: Iterable<readonly [name: string, source: string]>): string {
  for (const [name, source] of sources) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'index.js'), source);
  }
  return folder;
}
