/**
 * Agents that wait, in a process of its own. Arguments: the agent's manifest, a data directory, how many, and `runs` or `guests`: with journal and gate, or the guest alone.
 * Prints JSON once before they are started and once when all wait; ends when standard input does.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { AGENT_MODULE_RULES } from '../../../src/agents/run/agent-module.ts';
import type { AgentGuest } from '../../../src/agents/run/agent-guest.ts';
import { startRun } from '../../../src/agents/run/start-run.ts';
import { readManifest } from '../../../src/agents/manifest/read-manifest.ts';
import { ModuleCache } from '../../../src/sandbox/wasm/module-cache.ts';
import { memoryBytes } from '../../measure/process-tree.ts';
import { QUIET_MS } from '../../../src/agents/run/quiet-runs.ts';
import { FUEL_MAX, openSample } from './drive-guest.ts';
import { sampleEnvironment } from './sample-run.ts';

const [manifestFile = '', dataDir = '', count = '0', what = ''] = process.argv.slice(2);
const { manifest } = await readManifest(manifestFile);
const guests: AgentGuest[] = [];
const SETTLED_BYTES = 1024 * 1024;
const SETTLE_MS = QUIET_MS + 2_000;

function collectGarbage(): void {
  globalThis.gc?.();
  globalThis.gc?.();
}

function report(): void {
  collectGarbage();
  process.stdout.write(`${JSON.stringify({ pssBytes: memoryBytes(process.pid), rssBytes: process.memoryUsage.rss() })}\n`);
}

async function startGuests(more: number): Promise<void> {
  const module = await new ModuleCache(join(dataDir, 'modules')).load(readFileSync(manifest.binary ?? ''), AGENT_MODULE_RULES);
  for (let index = 0; index < more; index++) {
    const guest = openSample(module, { syscall: () => undefined });
    await guest.start(FUEL_MAX);
    guests.push(guest);
  }
}

async function startRuns(more: number): Promise<void> {
  let resting = 0;
  let allRest: () => void = () => undefined;
  const rested = new Promise<void>((resolve) => (allRest = resolve));
  const rest = (): void => {
    if (++resting === more) allRest();
  };
  for (let index = 0; index < more; index++) await startRun(manifest, sampleEnvironment(dataDir, { rest }));
  await rested;
}

/** Runs that wait give back memory after a while, one at a time: until nothing more is given back. */
async function settle(): Promise<void> {
  for (let before = Number.POSITIVE_INFINITY; ; ) {
    await setTimeout(SETTLE_MS);
    collectGarbage();
    const now = process.memoryUsage.rss();
    if (now > before - SETTLED_BYTES) return;
    before = now;
  }
}

const start = what === 'runs' ? startRuns : startGuests;
for (const more of [1, Number(count)]) {
  await start(more);
  await settle();
  report();
}
process.stdin.once('end', () => process.exit(0)).resume();
