/** Entry file of a process that starts and evicts isolates as a cell does, one request each, and tells how large it has become. */
import ivm from 'isolated-vm';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiStore, loadApiParts, loadApiSnapshot } from '../../src/apps/artefact/api-store.ts';
import { ArtefactStore } from '../../src/apps/artefact/artefact-store.ts';
import { readAppFolder } from '../../src/apps/config/read-app-folder.ts';
import { AppRunner, type AppObserver } from '../../src/apps/run/app-runner.ts';
import { EntryScheduler } from '../../src/apps/run/entry-scheduler.ts';
import { ServiceSink } from '../../src/apps/run/service-sink.ts';
import { startAppIsolate, type StartDependencies } from '../../src/apps/run/start-app-isolate.ts';
import { engineId } from '../../src/host/engine-id.ts';
import type { AppDeployment } from '../../src/protocol/app.ts';
import { DEFAULT_APP_LIMITS } from '../../src/protocol/limits.ts';
import { IsolatePool } from '../../src/sandbox/isolate/isolate-pool.ts';

export interface SoakOrder {
  readonly folders: readonly string[];
  /** where the host that built them keeps artefacts */
  readonly artefacts: string;
  readonly isolates: number;
  /** how often it tells, the last time at the end */
  readonly looks: number;
}

export interface SoakLook {
  readonly isolates: number;
  readonly rssBytes: number;
}

const AT_ONCE = 2;
const SPARES = 4;
/** What the last isolates leave is given back by then. */
const SETTLE_MS = 300;

async function soak({ folders, artefacts, isolates, looks }: SoakOrder): Promise<void> {
  const runners = await runnersOf(folders, artefacts);
  // each lane has apps of its own
  const lanes = Array.from({ length: AT_ONCE }, (_, lane) => runners.filter((_runner, index) => index % AT_ONCE === lane));
  for (let done = 0; done < isolates; ) {
    const until = Math.min(done + Math.ceil(isolates / looks), isolates);
    let next = done;
    const live = async (own: readonly AppRunner[]): Promise<void> => {
      for (let turn = next++; turn < until; turn = next++) await liveOnce(own[turn % own.length]!);
    };
    await Promise.all(lanes.map(live));
    done = until;
    await sleep(SETTLE_MS);
    process.send?.({ isolates: done, rssBytes: process.memoryUsage.rss() } satisfies SoakLook);
  }
}

async function runnersOf(folders: readonly string[], artefacts: string): Promise<AppRunner[]> {
  const api = await new ApiStore(artefacts, engineId()).reuse();
  if (api === undefined) throw new Error('There is no API snapshot of this engine');
  const snapshot = new ivm.ExternalCopy((await loadApiSnapshot(api)).buffer);
  const scheduler = new EntryScheduler(AT_ONCE);
  const pool = new IsolatePool({ snapshot, partTexts: new ivm.ExternalCopy(await loadApiParts(api)), memoryMbMax: DEFAULT_APP_LIMITS.memoryMbMax, spares: SPARES, isIdle: () => scheduler.isIdle });
  const dependencies: StartDependencies = { pool, calls: new Map(), catastrophe: failed };
  const store = new ArtefactStore(artefacts);
  return Promise.all(
    folders.map(async (folder) => {
      const deployment = await builtDeployment(folder, store, api.hash);
      return new AppRunner({ deployment, scheduler, observer: OBSERVER, mapStack: async (_, stack) => stack, start: (wanted, events) => startAppIsolate(dependencies, wanted, events) });
    }),
  );
}

function failed(app: string, message: string): never {
  throw new Error(`${app}: ${message}`);
}

const OBSERVER: AppObserver = {
  served: (app, { outcome }) => void (outcome === 'ok' || failed(app, outcome)),
  started: () => undefined,
  log: () => undefined,
  event: (app, _level, event) => failed(app, event),
};

async function builtDeployment(folder: string, store: ArtefactStore, apiHash: string): Promise<AppDeployment> {
  const config = await readAppFolder(folder);
  const built = await store.reuse(config, apiHash);
  if (built === undefined) throw new Error(`${config.name} was not built`);
  const { name, hostnames, port, vars, secrets } = config;
  const limits = { ...DEFAULT_APP_LIMITS, cpuMsMax: 5_000, startupMsMax: 30_000 };
  return { name, hostnames, port, vars, secrets, version: 1, artefact: built.artefact, limits, egress: { hosts: undefined, privateRanges: [] }, bindings: {}, dev: false };
}

async function liveOnce(runner: AppRunner): Promise<void> {
  const sink = new ServiceSink('GET');
  runner.handle({ requestId: 'soak', method: 'GET', url: 'http://soak/', headers: [], body: null }, sink);
  await sink.answer;
  while (runner.load > 0) await sleep(1);
  if (!runner.isResident) throw new Error('The app has no isolate to evict');
  runner.evict();
}

process.once('message', (order: SoakOrder) => {
  void soak(order).then(() => process.disconnect());
});
