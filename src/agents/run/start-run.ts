import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AgentManifest } from '../../protocol/agent/manifest.ts';
import { RECORDING_FORMAT, type RunEntry } from '../../protocol/agent/recording.ts';
import { NanosError } from '../../protocol/errors.ts';
import { removeJournalFiles } from '../../recording/journal-file.ts';
import { JournalWriter } from '../../recording/journal-writer.ts';
import { createRunId } from '../../recording/run-id.ts';
import { METER_VERSION } from '../../sandbox/wasm/meter-module.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import { WASM_PAGE_BYTES } from '../../sandbox/wasm/snapshot/guest-state.ts';
import { agentModules, keepCompiled } from './agent-modules.ts';
import { AGENT_MODULE_RULES, checkAgentModule } from './agent-module.ts';
import { AgentRun, type RunResult } from './agent-run.ts';
import { liveReplies } from './live-environment.ts';
import { recordManifest } from './recorded-manifest.ts';
import type { RunEnvironment } from './run-environment.ts';

/** A run that is on record and about to go. */
export interface StartedRun {
  readonly id: string;
  /** the file of its journal */
  readonly file: string;
  readonly module: MeteredModule;
  /** Resolves when the run is over, however it ended. Rejects with what is no fault of the guest. */
  readonly result: Promise<RunResult>;
}

/** Starts an agent. Throws `config_invalid`, `module_invalid`, `module_refused`, `recording_full`. */
export async function startRun(manifest: AgentManifest, environment: RunEnvironment): Promise<StartedRun> {
  const module = await loadAgent(manifest, environment);
  const seed = randomBytes(32);
  const clock = environment.nowNs();
  const entry = firstEntry(manifest, module, { seed, clock });
  const journal = JournalWriter.create(join(environment.dataDir, 'runs'), entry, { mask: environment.mask });
  const { watcher } = environment;
  const run = orNothing(journal, () => {
    return new AgentRun({
      module,
      budgets: manifest.budgets,
      seed,
      clock,
      journal,
      replies: liveReplies(manifest, environment),
      onLog: (level, text) => watcher.log(level, text),
      onRest: (position) => watcher.rest(position),
    });
  });
  watcher.begun?.(entry.head.id);
  return { id: entry.head.id, file: journal.file, module, result: begin(run).finally(() => journal.close()) };
}

/** A run that can't begin, because its module can't be instantiated, leaves no journal. */
function orNothing<T>(journal: JournalWriter, make: () => T): T {
  try {
    return make();
  } catch (error) {
    journal.close();
    removeJournalFiles(journal.file);
    throw error;
  }
}

/** The caller has the run's id before any of the agent's code runs. */
async function begin(run: AgentRun): Promise<RunResult> {
  await nextTurn();
  return run.run();
}

async function loadAgent({ binary, budgets }: AgentManifest, { dataDir, builtinAgent }: RunEnvironment): Promise<MeteredModule> {
  const bytes = binary === undefined ? await builtinAgent() : await readFile(binary);
  const module = await agentModules(dataDir).load(bytes, AGENT_MODULE_RULES);
  keepCompiled(module);
  checkAgentModule(module);
  const memoryBytes = module.memoryPagesMin * WASM_PAGE_BYTES;
  if (memoryBytes > budgets.memoryBytesMax) throw new NanosError('memory_limit', `The agent begins with ${memoryBytes} bytes of memory, and resources.memory is ${budgets.memoryBytesMax}`);
  return module;
}

function firstEntry(manifest: AgentManifest, module: MeteredModule, { seed, clock }: { seed: Uint8Array; clock: bigint }): RunEntry {
  const { name, goal } = manifest;
  return {
    kind: 'run',
    head: {
      format: RECORDING_FORMAT,
      id: createRunId(),
      name,
      manifest: recordManifest(manifest),
      goal,
      module: module.hash,
      source: module.sourceHash,
      meter: METER_VERSION,
      engine: process.versions.v8,
      seed: Buffer.from(seed).toString('hex'),
      clock: String(clock),
    },
  };
}
