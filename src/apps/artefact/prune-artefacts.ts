import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface PruneOptions {
  /** keys of artefacts, and hashes of API scripts, that are in use or kept for a rollback */
  readonly keep: ReadonlySet<string>;
  readonly nowMs: number;
  /** younger files stay: a build may be about to hand them out */
  readonly ageMsMin?: number;
  /** unused files stay for a later restart, the newest first, up to this many bytes … */
  readonly unusedBytesMax?: number;
  /** … and this age */
  readonly unusedAgeMsMax?: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const fileName = /^(?:api-)?(?<key>[0-9a-f]{64})\.(?:nanos|map|snapshot|js)$/u;
const temporaryName = /^\.[0-9a-f]+\.tmp$/u;

interface Unused {
  readonly path: string;
  readonly bytes: number;
  readonly ageMs: number;
}

/** Bounds the disk that built apps take. Returns how many files went. */
export async function pruneArtefacts(directory: string, options: PruneOptions): Promise<number> {
  const { ageMsMin = 10 * MINUTE_MS, unusedBytesMax = 1024 ** 3, unusedAgeMsMax = 30 * DAY_MS } = options;
  let keptBytes = 0;
  let removed = 0;
  for (const { path, bytes, ageMs } of await unusedFiles(directory, options)) {
    if (ageMs < ageMsMin) continue;
    const isTemporary = path.endsWith('.tmp');
    if (!isTemporary && ageMs <= unusedAgeMsMax && keptBytes + bytes <= unusedBytesMax) {
      keptBytes += bytes;
      continue;
    }
    await rm(path, { force: true });
    removed++;
  }
  return removed + (await pruneIndex(directory));
}

/** Entries of artefacts that are gone serve nothing. */
async function pruneIndex(directory: string): Promise<number> {
  const index = join(directory, 'index');
  const artefacts = new Set(await namesIn(directory));
  let removed = 0;
  for (const name of await namesIn(index)) {
    if (!name.endsWith('.json') || artefacts.has(`${await artefactKeyIn(join(index, name))}.nanos`)) continue;
    await rm(join(index, name), { force: true });
    removed++;
  }
  return removed;
}

async function artefactKeyIn(path: string): Promise<string | undefined> {
  try {
    const entry = JSON.parse(await readFile(path, 'utf8')) as { artefact?: { key?: string } };
    return entry.artefact?.key;
  } catch {
    return undefined;
  }
}

/** Newest first. */
async function unusedFiles(directory: string, { keep, nowMs }: PruneOptions): Promise<Unused[]> {
  const unused: Unused[] = [];
  for (const folder of [directory, join(directory, 'index')]) {
    for (const name of await namesIn(folder)) {
      const key = fileName.exec(name)?.groups?.['key'];
      if (key === undefined ? !temporaryName.test(name) : keep.has(key)) continue;
      const stats = await stat(join(folder, name)).catch(() => undefined);
      if (stats !== undefined) unused.push({ path: join(folder, name), bytes: stats.size, ageMs: nowMs - stats.mtimeMs });
    }
  }
  return unused.toSorted((a, b) => a.ageMs - b.ageMs);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}
