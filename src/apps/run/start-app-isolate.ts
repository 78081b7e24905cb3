/** From an artefact on disk to an isolate that takes requests. */
import ivm from 'isolated-vm';
import type { ArtefactContent } from '../artefact/artefact-file.ts';
import { loadArtefact } from '../artefact/load-artefact.ts';
import { APP_FILENAME, parseTopLevelFailure, TOP_LEVEL_CHECK } from '../build/app-script.ts';
import type { AppDeployment } from '../../protocol/app.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { IsolatePool } from '../../sandbox/isolate/isolate-pool.ts';
import { TenantIsolate, type EntryOutcome, type Environment } from '../../sandbox/isolate/tenant-isolate.ts';
import { AppIsolate } from './app-isolate.ts';
import type { AppIsolateEvents } from './app-isolate-events.ts';
import { ownBuffer } from './guest-streams.ts';
import type { HostCallTable } from './host-call.ts';

/** What the host itself uses for a start: reading the artefact, restoring a snapshot. */
const RESTORE_CPU_MS = 3;

export interface StartDependencies {
  /** isolates restored ahead from the API snapshot */
  readonly pool: IsolatePool;
  readonly calls: HostCallTable;
  catastrophe(app: string, message: string): void;
}

/** Rejects with `app_failed_to_start`, or `artefact_corrupt`. */
export async function startAppIsolate(dependencies: StartDependencies, deployment: AppDeployment, events: AppIsolateEvents): Promise<AppIsolate> {
  const artefact = await loadArtefact(deployment.artefact.file, deployment.artefact.sha256);
  const { name, limits, egress, bindings } = deployment;
  const app = new AppIsolate({ app: name, limits, egress, bindings, calls: dependencies.calls, events });
  const onCatastrophe = (message: string): void => {
    // first: when the app is to be held back, what it has waiting must not begin anew
    dependencies.catastrophe(name, message);
    app.lose(message);
  };
  const isolate = await isolateFor(dependencies.pool, artefact, limits.memoryMbMax, onCatastrophe);
  isolate.onCatastrophe = onCatastrophe;
  app.bind(isolate);
  events.starting(app);
  try {
    await bringUp(app, isolate, artefact, deployment, events);
  } catch (error) {
    isolate.dispose();
    throw error;
  }
  return app;
}

function isolateFor(pool: IsolatePool, { snapshot }: ArtefactContent, memoryMbMax: number, onCatastrophe: (message: string) => void): Promise<TenantIsolate> {
  if (snapshot === undefined) return pool.take(memoryMbMax);
  return TenantIsolate.create({ snapshot: new ivm.ExternalCopy(ownBuffer(snapshot), { transferOut: true }), partTexts: pool.partTexts, memoryMbMax, onCatastrophe });
}

async function bringUp(app: AppIsolate, isolate: TenantIsolate, artefact: ArtefactContent, deployment: AppDeployment, events: AppIsolateEvents): Promise<void> {
  const { limits } = deployment;
  const environment = environmentOf(artefact, deployment);
  const attached = await isolate.attach((packed, buffers) => app.receive(packed, buffers), environment, limits.startupMsMax);
  events.charged(RESTORE_CPU_MS + attached.cpuMs);
  checkStart(attached, limits.startupMsMax);
  if (artefact.snapshot !== undefined) return;
  const check = artefact.awaits ? TOP_LEVEL_CHECK : undefined;
  const program = { source: artefact.script, filename: APP_FILENAME, codeCache: artefact.codeCache, check };
  const evaluated = await isolate.evaluate(program, limits.startupMsMax);
  events.charged(evaluated.cpuMs);
  checkStart(evaluated, limits.startupMsMax);
}

function environmentOf({ wasm }: ArtefactContent, { vars, secrets, bindings }: AppDeployment): Environment {
  const kinds = Object.entries(bindings).map(([name, { type }]) => [name, type]);
  return { varsJson: JSON.stringify(vars), secretsJson: JSON.stringify(secrets), bindingsJson: JSON.stringify(kinds), wasm: wasm.map((bytes) => new Uint8Array(bytes).buffer) };
}

function checkStart(outcome: EntryOutcome, startupMsMax: number): void {
  if (outcome.end === 'done') return;
  if (outcome.end === 'cpu') throw new NanosError('app_failed_to_start', `Top-level code ran longer than ${startupMsMax} ms`);
  if (outcome.end === 'memory') throw new NanosError('app_failed_to_start', 'Top-level code used more memory than the app may have');
  const failure = parseTopLevelFailure(outcome.message);
  throw new NanosError('app_failed_to_start', `Top-level code threw ${failure?.message ?? outcome.message}`);
}
