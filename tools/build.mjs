// Makes dist/: the sources as JavaScript, without the tests, for the published package. Node.js runs no TypeScript below node_modules.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildEngine } from './build-engine.mjs';
import { bundleCommand } from './bundle-command.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const dist = join(root, 'dist');

if (!existsSync(compiler)) {
  process.stderr.write('nanos: the TypeScript compiler is not installed. Run node tools/setup.mjs first\n');
  process.exit(1);
}
rmSync(dist, { recursive: true, force: true });
emit('tsconfig.build.json');
// Types of the agents' SDK, which is all that others import.
emit('tsconfig.sdk.json');
// What the sources read at run time besides code.
cpSync(join(root, 'src'), dist, { recursive: true, filter: (path) => !/\.(ts|tsx|md|wat)$/.test(path) });
copyFileSync(buildEngine(root).file, join(dist, 'agent-engine.wasm'));
await bundleCommand(dist);

function emit(project) {
  const { status } = spawnSync(process.execPath, [compiler, '-p', join(root, project)], { cwd: root, stdio: ['ignore', process.stderr, process.stderr] });
  if (status !== 0) process.exit(1);
}
