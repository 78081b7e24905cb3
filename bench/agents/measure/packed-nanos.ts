import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * The nanos that users install: of a clone, whose bin/nanos runs its sources and strips their types at each start, a copy as the package has it,
 * below the clone, so that it finds the packages there.
 */
export function packedNanos(): string {
  const build = join(ROOT, 'tools', 'build.mjs');
  if (!existsSync(build)) return join(ROOT, 'bin', 'nanos');
  const { status } = spawnSync(process.execPath, [build], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error('dist could not be made');
  const folder = join(ROOT, 'bench', '.peers', 'nanos');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'bin'), { recursive: true });
  for (const file of ['bin/nanos', 'package.json']) copyFileSync(join(ROOT, file), join(folder, file));
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
  return join(folder, 'bin', 'nanos');
}
