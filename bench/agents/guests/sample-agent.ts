import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileAgent } from '../../../src/agents/compile/compile-agent.ts';
import { AGENT_MODULE_RULES } from '../../../src/agents/run/agent-module.ts';
import type { AgentManifest } from '../../../src/protocol/agent/manifest.ts';
import type { MeteredModule } from '../../../src/sandbox/wasm/metered-module.ts';
import { ModuleCache } from '../../../src/sandbox/wasm/module-cache.ts';

/** An agent in a folder of its own, which may read `note.txt` there and write `out.txt`. */
export interface SampleAgent {
  readonly folder: string;
  /** its `.nano` */
  readonly manifestFile: string;
  readonly manifest: AgentManifest;
  readonly wasm: Uint8Array;
}

const MB = 1024 * 1024;
const WALL_MS_MAX = 3_600_000;
/** 1 KB */
export const NOTE = 'It was written down so that it is not lost.\n'.repeat(24).slice(0, 1024);

/** Compiles an agent in TypeScript into `parent`/`name`. */
export async function compileSample(parent: string, name: string, source: string): Promise<SampleAgent> {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  const entry = join(folder, 'agent.ts');
  writeFileSync(entry, source);
  return writeSample(parent, name, (await compileAgent(entry)).wasm);
}

/** An agent of a module, in `parent`/`name`. */
export function writeSample(parent: string, name: string, wasm: Uint8Array): SampleAgent {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  const binary = join(folder, 'agent.wasm');
  writeFileSync(binary, wasm);
  writeFileSync(join(folder, 'note.txt'), NOTE);
  const manifestFile = join(folder, 'agent.nano');
  writeFileSync(manifestFile, `name: ${name}\nbinary: agent.wasm\ngoal: be measured\nresources: { memory: 32MB, max_steps: 1000000, fuel: 1000000000000000, wall: 3600s }\npermissions: { fs_read: [note.txt], fs_write: [out.txt] }\n`);
  const manifest: AgentManifest = {
    name,
    folder,
    goal: 'be measured',
    binary,
    budgets: { memoryBytesMax: 32 * MB, stepsMax: 1_000_000, fuelMax: 10n ** 15n, fuelPerResumeMax: 10n ** 14n, wallMsMax: WALL_MS_MAX, tokensMax: 0 },
    permissions: { fsRead: ['note.txt'], fsWrite: ['out.txt'], network: false },
    mcpServers: [],
    approve: [],
    agents: [],
  };
  return { folder, manifestFile, manifest, wasm };
}

export function loadSample({ wasm, folder }: SampleAgent): Promise<MeteredModule> {
  return new ModuleCache(join(folder, 'modules')).load(wasm, AGENT_MODULE_RULES);
}
