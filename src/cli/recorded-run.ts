import { mapAgentStack } from '../agents/compile/map-agent-stack.ts';
import { recordedModule } from '../agents/run/recorded-module.ts';
import { readRecordedManifest } from '../agents/run/recorded-manifest.ts';
import type { RunEnvironment } from '../agents/run/run-environment.ts';
import type { AgentManifest } from '../protocol/agent/manifest.ts';
import { JournalReader } from '../recording/journal-reader.ts';
import type { MeteredModule } from '../sandbox/wasm/metered-module.ts';
import { agentConsole, noteTo, type MapText } from './agent-console.ts';
import type { CliIo } from './cli-io.ts';
import { requireRecordedHere } from './fork-folder.ts';
import { runHost, type HostOptions } from './run-host.ts';
import { recordedLiterals, runSecrets } from './run-secrets.ts';

/** A run on record here, and what it gets when it goes on. */
export interface RecordedRun {
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly manifest: AgentManifest;
  readonly module: MeteredModule;
  readonly environment: RunEnvironment;
  readonly mapText: MapText;
}

/** Throws `usage` for a run that was recorded elsewhere. */
export async function openRecordedRun(file: string, options: HostOptions, signal: AbortSignal, io: CliIo): Promise<RecordedRun> {
  const { id, module, manifest } = await readRecorded(file, options.data);
  const mapText: MapText = (text) => mapAgentStack(module.bytes, text);
  const secrets = runSecrets(manifest, await recordedLiterals(manifest), io.environment);
  const environment = runHost(options, { signal, watcher: agentConsole(io.stderr, mapText), secrets, note: noteTo(io.stderr), readOnlyPaths: [] });
  return { id, name: manifest.name, file, manifest, module, environment, mapText };
}

async function readRecorded(file: string, dataDir: string) {
  const reader = JournalReader.open(file);
  try {
    requireRecordedHere(reader, dataDir);
    const { id, manifest } = reader.run.head;
    return { id, manifest: readRecordedManifest(manifest), module: await recordedModule(reader, dataDir, { keeps: true }) };
  } finally {
    reader.close();
  }
}
