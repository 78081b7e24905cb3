import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import type { AppDeployment } from '../../protocol/app.ts';
import type { AppRequest, ResponseSink } from '../../protocol/app-call.ts';
import { Packer, ToHost } from '../../protocol/boundary.ts';
import { NanosError } from '../../protocol/errors.ts';
import { DEFAULT_APP_LIMITS } from '../../protocol/limits.ts';
import type { EntryOutcome } from '../../sandbox/isolate/tenant-isolate.ts';
import { AppIsolate } from './app-isolate.ts';
import type { AppIsolateEvents } from './app-isolate-events.ts';
import { AppRunner, type MapStack, type RequestOutcome } from './app-runner.ts';
import { EntryScheduler } from './entry-scheduler.ts';

const REQUEST: AppRequest = { requestId: 'r', method: 'GET', url: 'http://app/', headers: [], body: null };

interface Ears {
  readonly mapStack?: MapStack;
  readonly log?: (text: string) => void;
}

/** Isolates that never answer, started when the test says so. */
class World {
  readonly scheduler = new EntryScheduler(4);
  readonly told: string[] = [];
  readonly outcomes: RequestOutcome[] = [];
  readonly isolates: Started[] = [];
  readonly starts: { version: number; go(): void; fail(error: NanosError): void }[] = [];
  readonly runner: AppRunner;

  constructor(limits: Partial<AppDeployment['limits']> = {}, { mapStack, log }: Ears = {}) {
    const deployment = deploymentOf(1, limits);
    const observer = {
      served: (_app: string, outcome: RequestOutcome) => void this.outcomes.push(outcome),
      started: () => undefined,
      log: (_deployment: AppDeployment, _level: string, _requestId: string | undefined, text: string) => log?.(text),
      event: (_app: string, _level: string, event: string) => void this.told.push(event),
    };
    worlds.push(this);
    this.runner = new AppRunner({ deployment, scheduler: this.scheduler, observer, mapStack: mapStack ?? (async (_deployment, stack) => stack), start: (wanted, events) => this.#start(wanted, events) });
  }

  async #start(deployment: AppDeployment, events: AppIsolateEvents): Promise<AppIsolate> {
    const started = new Started(deployment, events);
    events.starting(started.app);
    await new Promise<void>((resolve, reject) => this.starts.push({ version: deployment.version, go: resolve, fail: reject }));
    this.isolates.push(started);
    return started.app;
  }

  request(): Client {
    const client = new Client();
    this.runner.handle(REQUEST, client);
    return client;
  }

  /** Lets the start that has waited longest come to its end. */
  async go(): Promise<void> {
    await settled();
    this.starts.shift()!.go();
    await settled();
  }
}

class Started {
  readonly version: number;
  readonly app: AppIsolate;
  isDisposed = false;
  /** ends the entry under way */
  end: (outcome: EntryOutcome) => void = () => undefined;

  constructor(deployment: AppDeployment, events: AppIsolateEvents) {
    const { version, limits, egress, bindings } = deployment;
    this.version = version;
    this.app = new AppIsolate({ app: 'app', limits, egress, bindings, calls: new Map(), events });
    const enter = (): Promise<EntryOutcome> => new Promise((resolve) => (this.end = resolve));
    const dispose = (): void => void (this.isDisposed = true);
    this.app.bind({ enter, dispose, progress: new Int32Array(5), wasmUse: { bytes: 0, memories: 0 }, stopForMemory: () => false } as never);
  }
}

class Client implements ResponseSink {
  headSent = false;
  gone = false;
  error: NanosError | undefined;
  #leave: () => void = () => undefined;

  respond(): undefined {}
  start(): undefined {}
  write(): true {
    return true;
  }
  end(): void {}
  fail(error: NanosError): void {
    this.error = error;
  }
  onClientGone(listener: () => void): void {
    this.#leave = listener;
  }
  leave(): void {
    this.gone = true;
    this.#leave();
  }
}

function deploymentOf(version: number, limits: Partial<AppDeployment['limits']> = {}): AppDeployment {
  const artefact = { key: `${version}`, file: '', sha256: '', sourceMap: '' };
  const deployment = { name: 'app', version, artefact, vars: {}, secrets: {}, limits: { ...DEFAULT_APP_LIMITS, ...limits }, egress: { hosts: [], privateRanges: [] }, bindings: {}, dev: false };
  return deployment as never;
}

async function settled(): Promise<void> {
  for (let round = 0; round < 4; round++) await nextRound();
}

const worlds: World[] = [];

afterEach(() => {
  for (const { runner } of worlds.splice(0)) {
    runner.close();
    runner.endForMemory('the test is over');
  }
});

describe('an app that is removed', () => {
  it('while it starts keeps no isolate, and its client is told', async () => {
    const world = new World();
    const client = world.request();
    await settled();
    world.runner.close();
    await world.go();
    assert.equal(client.error?.code, 'app_not_found');
    assert.deepEqual([world.runner.isResident, world.isolates[0]?.isDisposed], [false, true]);
  });

  it('while another version of it starts keeps neither', async () => {
    const world = new World();
    world.request();
    await world.go();
    const swap = assert.rejects(world.runner.swap(deploymentOf(2)), { code: 'app_not_found' });
    await settled();
    world.runner.close();
    await world.go();
    await swap;
    assert.deepEqual([world.runner.isResident, world.isolates[1]?.isDisposed], [false, true]);
  });

  it('begins no request again that its last isolate leaves', async () => {
    const world = new World();
    const client = world.request();
    await world.go();
    world.runner.close();
    world.isolates[0]!.end({ end: 'failed', cpuMs: 0, message: 'before it came to the request' });
    await settled();
    assert.equal(client.error?.code, 'app_not_found');
    assert.deepEqual(world.starts, []);
  });

  it('refuses what comes later', async () => {
    const world = new World();
    world.runner.close();
    assert.equal(world.request().error?.code, 'app_not_found');
    await settled();
    assert.deepEqual(world.starts, []);
  });
});

describe('a swap', () => {
  it('beside a restart of the version before: the new one serves, and nobody sees the old one again', async () => {
    for (const restartFirst of [true, false]) {
      const world = new World();
      world.request();
      await world.go();
      const swap = world.runner.swap(deploymentOf(2));
      await settled();
      world.isolates[0]!.app.endForMemory('full');
      world.request();
      await settled();
      assert.deepEqual(world.starts.map(({ version }) => version), [2, 1]);
      if (restartFirst) world.starts.reverse();
      await world.go();
      await world.go();
      await swap;
      world.request();
      await settled();
      const left = world.isolates.filter(({ isDisposed, app }) => !isDisposed && !app.isDead);
      assert.deepEqual(left.filter(({ app }) => app.load > 0).map(({ version }) => version), restartFirst ? [1, 2] : [2], 'what the old one has begun it ends');
      assert.equal(world.isolates.find(({ version }) => version === 2)?.app.load, restartFirst ? 1 : 2);
      assert.equal(left.length, restartFirst ? 2 : 1, 'none is left that serves nothing');
    }
  });

  it('before the version before has started: what waits is served by the new one, whether that start fails or not', async () => {
    for (const fails of [true, false]) {
      const world = new World();
      const client = world.request();
      await settled();
      await world.runner.swap(deploymentOf(2));
      if (fails) world.starts.shift()!.fail(new NanosError('app_failed_to_start', 'of version 1'));
      else await world.go();
      await world.go();
      assert.equal(client.error, undefined);
      const serving = world.isolates.at(-1);
      assert.deepEqual([serving?.version, serving?.app.load], [2, 1]);
      assert.ok(world.isolates.slice(0, -1).every(({ isDisposed }) => isDisposed));
    }
  });
});

describe('a client that leaves', () => {
  it('before its request has crossed is done with', async () => {
    const world = new World();
    world.request();
    await world.go();
    const client = world.request();
    assert.equal(world.isolates[0]!.app.load, 2);
    client.leave();
    assert.deepEqual([world.isolates[0]!.app.load, world.runner.load], [1, 1]);
  });
});

describe('an end for memory', () => {
  it('comes to an isolate on its way up', async () => {
    const world = new World();
    world.request();
    await settled();
    world.runner.endForMemory('full');
    assert.deepEqual(world.told, ['isolate_ended']);
  });

  it('is nothing to an app that was evicted, or that did not start', async () => {
    const world = new World();
    world.request().leave();
    await settled();
    world.starts.shift()!.fail(new NanosError('app_failed_to_start', 'it threw'));
    await settled();
    world.runner.endForMemory('full');
    assert.deepEqual(world.told, ['app_failed_to_start']);
  });

  it('begins nothing anew where the app is held back', async () => {
    const world = new World({ inFlightMax: 1 });
    const [begun, waiting] = [world.request(), world.request()];
    await world.go();
    world.runner.quarantine(60_000);
    world.runner.endForMemory('full');
    await settled();
    assert.deepEqual([begun.error?.code, waiting.error?.code], ['memory_limit', 'quarantined']);
    assert.deepEqual(world.starts, []);
  });
});

describe('an error of an app', () => {
  it('is told as it is when it can not be mapped to sources', async () => {
    const logged: string[] = [];
    const world = new World({}, { mapStack: () => Promise.reject(new Error('no map')), log: (text) => void logged.push(text) });
    const client = world.request();
    await world.go();
    const crossing = new Packer().begin(ToHost.fail, 5).number(1).number(0).field('Error').field('broken').field('Error: broken\n    at app.js:1:1').take();
    world.isolates[0]!.app.receive(crossing, []);
    world.isolates[0]!.end({ end: 'done', cpuMs: 0, message: '' });
    await settled();
    assert.equal(client.error?.code, 'app_threw');
    assert.deepEqual(logged, ['Uncaught Error: broken\n    at app.js:1:1']);
  });
});
