import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const MADE_MS_MAX = 20_000;
const KEPT_MAX = 4;
const SUFFIX = '.blob';

/**
 * Keeps in `folder`, for the next command that runs an agent, a heap in which the code of those commands is loaded already: Node.js starts from it in less time than it takes to load that code.
 * It is made of `dist/command/agents.cjs`, so a clone, which runs its sources, has none. bin/nanos looks for it; an empty file tells it, and us, that none can be made here.
 */
export function keepStartSnapshot(folder: string): void {
  const bundle = fileURLToPath(new URL('../command/agents.cjs', import.meta.url));
  const name = snapshotName(fileURLToPath(new URL('../command/agents.id', import.meta.url)));
  if (name === undefined || existsSync(join(folder, name))) return;
  const half = join(folder, `${name}.${process.pid}`);
  try {
    if (!isMade(bundle, half)) writeFileSync(half, '');
    chmodSync(half, 0o600);
    renameSync(half, join(folder, name));
    removeOld(folder);
  } catch {
    rmSync(half, { force: true });
  }
}

/** A snapshot is good for the bundle it was made of, and for one build of Node.js. Undefined where there is no bundle. */
function snapshotName(idFile: string): string | undefined {
  if (!existsSync(idFile)) return undefined;
  return `agents-${readFileSync(idFile, 'utf8').trim()}-${process.platform}-${process.arch}-${process.versions.node}${SUFFIX}`;
}

/** Made, and seen to start. Nothing of this process's environment gets into it. */
function isMade(bundle: string, file: string): boolean {
  return node('--no-flush-bytecode', '--snapshot-blob', file, '--build-snapshot', bundle) && node('--snapshot-blob', file, bundle, '--version');
}

function node(...args: readonly string[]): boolean {
  return spawnSync(process.execPath, args, { stdio: 'ignore', env: {}, timeout: MADE_MS_MAX }).status === 0;
}

function removeOld(folder: string): void {
  const files = readdirSync(folder)
    .filter((name) => name.includes(SUFFIX))
    .map((name) => join(folder, name));
  const byAge = files.map((file) => ({ file, ms: statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 })).toSorted((a, b) => b.ms - a.ms);
  for (const { file } of byAge.slice(KEPT_MAX)) rmSync(file, { force: true });
}
