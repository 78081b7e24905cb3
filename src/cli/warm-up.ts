import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describeGrant } from '../agents/manifest/describe-grant.ts';
import { readManifest } from '../agents/manifest/read-manifest.ts';
import { canonicalJson } from '../recording/canonical-json.ts';
import type { CliIo } from './cli-io.ts';

/** What every run needs of Node.js, terminal or pipe. */
const BUILTINS = ['node:crypto', 'node:fs/promises', 'node:net', 'node:perf_hooks', 'node:timers/promises', 'node:tty', 'node:zlib'];

const MANIFEST = `# What most manifests have
name: sample
binary: agent.wasm
goal: 'find the answer'
resources: { memory: 64MB, max_steps: 100, wall: 30s }
permissions:
  fs_read: [notes/**, "*.txt"]
  fs_write: [out.txt]
  network: [example.com]
tools: [fs_read, fs_write]
`;

/**
 * Runs what every run of an agent begins with, so that V8 has compiled it when the snapshot is taken. Neither WebAssembly nor SQLite can be touched there, and nothing may be drawn or remembered.
 * `run` runs a command line.
 */
export async function warmUp(run: (argv: readonly string[], io: CliIo) => Promise<number>): Promise<void> {
  for (const name of BUILTINS) process.getBuiltinModule(name);
  const sink = { write: () => true };
  await run(['run', '--data', '.', '--help'], { stdout: sink, stderr: sink, environment: {}, startHost: () => Promise.reject(new TypeError('Nothing is served')), onStopSignal: () => () => undefined, exit: () => undefined });
  createHash('sha256').update(canonicalJson({ text: 'text', list: [1, true, null] })).digest('hex');
  const folder = mkdtempSync(join(tmpdir(), 'nanos-warm-up-'));
  try {
    writeFileSync(join(folder, 'agent.wasm'), '');
    writeFileSync(join(folder, 'agent.nano'), MANIFEST);
    const { manifest } = await readManifest(join(folder, 'agent.nano'));
    describeGrant(manifest);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
