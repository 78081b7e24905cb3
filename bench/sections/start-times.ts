/** Entry file of a process that starts apps as a cell does, from their snapshots and, with those taken away, from their sources, in turns. */
import ivm from 'isolated-vm';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiStore, loadApiParts, loadApiSnapshot } from '../../src/apps/artefact/api-store.ts';
import { encodeArtefact } from '../../src/apps/artefact/artefact-file.ts';
import { ArtefactStore } from '../../src/apps/artefact/artefact-store.ts';
import { loadArtefact } from '../../src/apps/artefact/load-artefact.ts';
import { bundleApp } from '../../src/apps/build/bundle-app.ts';
import { readAppFolder } from '../../src/apps/config/read-app-folder.ts';
import { startAppIsolate, type StartDependencies } from '../../src/apps/run/start-app-isolate.ts';
import { engineId } from '../../src/host/engine-id.ts';
import type { AppConfig, AppDeployment } from '../../src/protocol/app.ts';
import { DEFAULT_APP_LIMITS } from '../../src/protocol/limits.ts';
import { IsolatePool } from '../../src/sandbox/isolate/isolate-pool.ts';

export interface StartOrder {
  readonly folders: readonly string[];
  /** where the host that built them keeps artefacts */
  readonly artefacts: string;
  readonly scratch: string;
}

export interface StartTimes {
  readonly restoredMs: readonly number[];
  readonly evaluatedMs: readonly number[];
}

const NO_EVENTS = { wake: () => undefined, posted: () => undefined, charged: () => undefined, starting: () => undefined, outgrown: () => undefined, crowded: () => undefined, threw: () => undefined, refused: () => undefined, finished: () => undefined, log: () => undefined, ended: () => undefined };

async function measure({ folders, artefacts, scratch }: StartOrder): Promise<StartTimes> {
  const api = await new ApiStore(artefacts, engineId()).reuse();
  if (api === undefined) throw new Error('There is no API snapshot of this engine');
  const snapshot = new ivm.ExternalCopy((await loadApiSnapshot(api)).buffer);
  const pool = new IsolatePool({ snapshot, partTexts: new ivm.ExternalCopy(await loadApiParts(api)), memoryMbMax: DEFAULT_APP_LIMITS.memoryMbMax, spares: 0, isIdle: () => true });
  const dependencies: StartDependencies = { pool, calls: new Map(), catastrophe: () => undefined };
  const restoredMs: number[] = [];
  const evaluatedMs: number[] = [];
  for (const folder of folders) {
    const restored = await builtDeployment(folder, new ArtefactStore(artefacts), api.hash);
    const evaluated = await sourceOnly(restored, await readAppFolder(folder), join(scratch, 'source-only.nanos'));
    restoredMs.push(await timeStart(dependencies, restored));
    evaluatedMs.push(await timeStart(dependencies, evaluated));
  }
  return { restoredMs, evaluatedMs };
}

async function builtDeployment(folder: string, store: ArtefactStore, apiHash: string): Promise<AppDeployment> {
  const config = await readAppFolder(folder);
  const built = await store.reuse(config, apiHash);
  if (built?.artefact.road !== 'snapshot') throw new Error(`${config.name} was not built to a snapshot, but to ${built?.artefact.road ?? 'nothing'}`);
  const { name, hostnames, port, vars, secrets } = config;
  const limits = { ...DEFAULT_APP_LIMITS, startupMsMax: 30_000 };
  return { name, hostnames, port, vars, secrets, version: 1, artefact: built.artefact, limits, egress: { hosts: undefined, privateRanges: [] }, bindings: {}, dev: false };
}

/** The same app with neither snapshot nor V8's code cache. */
async function sourceOnly(deployment: AppDeployment, config: AppConfig, file: string): Promise<AppDeployment> {
  const content = await loadArtefact(deployment.artefact.file, deployment.artefact.sha256);
  const { script } = await bundleApp(config);
  const { bytes, sha256 } = encodeArtefact({ ...content, road: 'script', script, snapshot: undefined, codeCache: undefined });
  writeFileSync(file, bytes);
  return { ...deployment, artefact: { ...deployment.artefact, road: 'script', file, sha256 } };
}

async function timeStart(dependencies: StartDependencies, deployment: AppDeployment): Promise<number> {
  const startedMs = performance.now();
  const app = await startAppIsolate(dependencies, deployment, NO_EVENTS);
  const elapsedMs = performance.now() - startedMs;
  app.dispose();
  return elapsedMs;
}

process.once('message', (order: StartOrder) => {
  void measure(order).then((times) => process.send?.(times));
});
