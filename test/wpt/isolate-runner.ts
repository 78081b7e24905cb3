/** Runs programs as a cell runs apps: an artefact on disk, an isolate from the API snapshot, one request. */
import ivm from 'isolated-vm';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeArtefact } from '../../src/apps/artefact/artefact-file.ts';
import { bundleApi } from '../../src/apps/build/bundle-api.ts';
import { warmUpScript } from '../../src/apps/build/warm-up.ts';
import { compressionCall } from '../../src/apps/host-calls/compression-call.ts';
import { digestStreamCall } from '../../src/apps/host-calls/digest-stream-call.ts';
import { fetchCall } from '../../src/apps/host-calls/fetch-call.ts';
import { subtleCall } from '../../src/apps/host-calls/subtle-call.ts';
import { AppRunner } from '../../src/apps/run/app-runner.ts';
import { EntryScheduler } from '../../src/apps/run/entry-scheduler.ts';
import { createMapStack } from '../../src/apps/run/map-stack.ts';
import { startAppIsolate } from '../../src/apps/run/start-app-isolate.ts';
import { createEgress } from '../../src/net/egress/egress.ts';
import type { AppDeployment } from '../../src/protocol/app.ts';
import type { ResponseSink } from '../../src/protocol/app-call.ts';
import { COMPRESSION_CALL } from '../../src/protocol/compression.ts';
import { DIGEST_STREAM_CALL } from '../../src/protocol/digest-stream.ts';
import type { NanosError } from '../../src/protocol/errors.ts';
import { DEFAULT_APP_LIMITS } from '../../src/protocol/limits.ts';
import { IsolatePool, type IsolatePoolOptions } from '../../src/sandbox/isolate/isolate-pool.ts';

/** Tests are more than a request is meant to be. */
const LIMITS = { ...DEFAULT_APP_LIMITS, memoryMbMax: 512, cpuMsMax: 120_000, startupMsMax: 10_000, wallMsMax: 180_000, subrequestsMax: 10_000 };
const EGRESS = { hosts: undefined, privateRanges: ['127.0.0.0/8'] };
const ARTEFACT = { road: 'script', awaits: false, handlers: ['fetch'], codeCache: undefined, snapshot: undefined, wasm: [] } as const;

export interface Answer {
  readonly text: string;
  /** why there is no answer */
  readonly failure: string | undefined;
  /** what the program printed, at most the first lines of it */
  readonly log: readonly string[];
}

const LOG_LINES_MAX = 20;

export class IsolateRunner {
  readonly #folder: string;
  readonly #scheduler: EntryScheduler;
  readonly #pool: IsolatePool;
  readonly #calls = new Map([
    ['fetch', fetchCall(async () => createEgress())],
    ['subtle', subtleCall],
    [COMPRESSION_CALL, compressionCall],
    [DIGEST_STREAM_CALL, digestStreamCall],
  ]);
  #count = 0;

  private constructor(folder: string, api: Pick<IsolatePoolOptions, 'snapshot' | 'partTexts'>, slots: number) {
    this.#folder = folder;
    this.#scheduler = new EntryScheduler(slots);
    this.#pool = new IsolatePool({ ...api, memoryMbMax: LIMITS.memoryMbMax, spares: 0, isIdle: () => false });
  }

  /** `slots`: isolates that run at once. */
  static async create(slots: number): Promise<IsolateRunner> {
    const { script, partTexts } = await bundleApi();
    const snapshot = ivm.Isolate.createSnapshot([{ code: script, filename: 'nanos:api' }], warmUpScript());
    return new IsolateRunner(await mkdtemp(join(tmpdir(), 'nanos-wpt-')), { snapshot, partTexts: new ivm.ExternalCopy(partTexts) }, slots);
  }

  /** One request to a program whose script is `script`; `url` is what it asks for. */
  async run(script: string, url: string): Promise<Answer> {
    const name = `test-${++this.#count}`;
    const file = join(this.#folder, name);
    const { bytes, sha256 } = encodeArtefact({ ...ARTEFACT, script });
    await writeFile(file, bytes);
    const artefact = { key: name, file, sha256, road: 'script', handlers: ['fetch'], bytes: bytes.length, sourceMap: '' } as const;
    const deployment: AppDeployment = { name, hostnames: [], port: undefined, version: 1, artefact, vars: {}, secrets: {}, limits: LIMITS, egress: EGRESS, bindings: {}, dev: true };
    const log: string[] = [];
    const runner = this.#runnerOf(deployment, log);
    const answer = await new Promise<Omit<Answer, 'log'>>((resolve) => {
      runner.handle({ requestId: name, method: 'GET', url, headers: ['host', new URL(url).host], body: null }, collect(resolve));
    });
    runner.close();
    await rm(file);
    return { ...answer, log };
  }

  #runnerOf(deployment: AppDeployment, log: string[]): AppRunner {
    const note = (line: string): void => void (log.length < LOG_LINES_MAX && log.push(line));
    return new AppRunner({
      deployment,
      scheduler: this.#scheduler,
      mapStack: createMapStack(),
      observer: {
        served: () => undefined,
        started: () => undefined,
        log: (_deployment, _level, _requestId, text) => note(text),
        event: (_app, _level, event, fields) => note(`${event} ${JSON.stringify(fields)}`),
      },
      start: (wanted, events) => startAppIsolate({ pool: this.#pool, calls: this.#calls, catastrophe: (_app, message) => note(message) }, wanted, events),
    });
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The whole answer as text, or why there is none. */
function collect(resolve: (answer: Omit<Answer, 'log'>) => void): ResponseSink {
  const chunks: Buffer[] = [];
  const take = (chunk: Uint8Array | string): void => void chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk));
  const end = (): void => resolve({ text: Buffer.concat(chunks).toString('utf8'), failure: undefined });
  return {
    respond(_head, body) {
      if (body !== null) take(body);
      end();
      return undefined;
    },
    start: () => undefined,
    write(chunk) {
      take(chunk);
      return true;
    },
    end,
    fail: (error: NanosError, stack = '') => resolve({ text: '', failure: `${error.code}: ${error.message} ${stack}` }),
    onClientGone: () => undefined,
    headSent: false,
    gone: false,
  };
}
