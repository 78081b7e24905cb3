import { ApiStore, loadApiParts, loadApiSnapshot, type ApiSnapshot } from '../apps/artefact/api-store.ts';
import type { ArtefactContent } from '../apps/artefact/artefact-file.ts';
import { artefactKey } from '../apps/artefact/artefact-key.ts';
import { ArtefactStore } from '../apps/artefact/artefact-store.ts';
import { completeInputs } from '../apps/artefact/build-inputs.ts';
import type { BuildResult } from '../apps/artefact/build-result.ts';
import { StackMapper } from '../apps/artefact/stack-mapper.ts';
import { API_FILENAME, APP_FILENAME, givePartTexts, parseTopLevelFailure } from '../apps/build/app-script.ts';
import { bundleApi } from '../apps/build/bundle-api.ts';
import { bundleApp, type Bundle } from '../apps/build/bundle-app.ts';
import { SNAPSHOT_BYTES_MIN, wantsSnapshot } from '../apps/build/choose-road.ts';
import type { AppConfig } from '../protocol/app.ts';
import { NanosError } from '../protocol/errors.ts';
import { DEFAULT_APP_LIMITS } from '../protocol/limits.ts';
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { ProcessEnded } from './disposable-process.ts';
import type { TrialReply } from './evaluation.ts';
import type { EvaluationLimits, Evaluators } from './evaluators.ts';

const KNOWN_HANDLERS = ['fetch', 'scheduled'];

export interface AppBuilderOptions {
  /** where artefacts are kept */
  readonly directory: string;
  readonly engine: string;
  readonly evaluators: Evaluators;
  /** source of the API script; its own when undefined */
  readonly apiEntry: URL | undefined;
}

interface Api {
  readonly made: ApiSnapshot;
  readonly script: string;
  readonly partTexts: string;
  readonly snapshot: Uint8Array;
}

/** From a folder to an artefact: bundle, try out, snapshot where that is the better road, test the snapshot, write. */
export class AppBuilder {
  readonly #options: AppBuilderOptions;
  readonly #store: ArtefactStore;
  readonly #inMaking = new Map<string, Promise<void>>();
  #api: Promise<Api> | undefined;

  constructor(options: AppBuilderOptions) {
    this.#options = options;
    this.#store = new ArtefactStore(options.directory);
  }

  async apiSnapshot(): Promise<ApiSnapshot> {
    return (await this.#loadApi()).made;
  }

  /** Throws build_failed, build_limit, path_escape, app_failed_to_start. */
  async build(app: AppConfig, limits: EvaluationLimits): Promise<BuildResult> {
    const startedMs = Date.now();
    const api = await this.#loadApi();
    const bundle = await bundleApp(app);
    const wasm = bundle.wasm.map(({ bytes }) => bytes);
    const key = artefactKey({ script: bundle.script, wasm, host: api.made.hash, snapshotBytesMin: SNAPSHOT_BYTES_MIN });
    const { artefact, isNew } = await this.#onceAtATime(key, async () => {
      const found = await this.#store.find(key);
      return { artefact: found ?? (await this.#store.write(key, await this.#evaluate(app, bundle, limits), bundle.sourceMap)), isNew: found === undefined };
    });
    const inputs = await completeInputs(app.folder, bundle.inputs, startedMs);
    const result = { artefact, inputs, warnings: bundle.warnings, reused: false };
    await this.#store.remember(app, api.made.hash, result);
    return { ...result, reused: !isNew };
  }

  /** Code caches differ from run to run: of apps with the same content, the second takes what the first has written. */
  async #onceAtATime<T>(key: string, make: () => Promise<T>): Promise<T> {
    while (this.#inMaking.has(key)) await this.#inMaking.get(key);
    const made = make();
    const settled = made.then(
      () => undefined,
      () => undefined,
    );
    this.#inMaking.set(key, settled);
    try {
      return await made;
    } finally {
      this.#inMaking.delete(key);
    }
  }

  // The API script

  #loadApi(): Promise<Api> {
    this.#api ??= this.#openApi().catch((error: unknown) => {
      this.#api = undefined;
      throw error;
    });
    return this.#api;
  }

  async #openApi(): Promise<Api> {
    const { directory, engine } = this.#options;
    await this.#store.open();
    const store = new ApiStore(directory, engine);
    const made = (await store.reuse()) ?? (await this.#makeApi(store));
    return { made, script: await readFile(made.scriptFile, 'utf8'), partTexts: await loadApiParts(made), snapshot: await loadApiSnapshot(made) };
  }

  async #makeApi(store: ApiStore): Promise<ApiSnapshot> {
    const { script, partTexts, inputs } = await bundleApi(this.#options.apiEntry);
    const { evaluators } = this.#options;
    const { snapshot, message } = await evaluators.snapshot([{ code: script, filename: API_FILENAME }], DEFAULT_APP_LIMITS);
    if (snapshot === undefined) throw new NanosError('internal', `The API script can not be snapshotted: ${message}`);
    const restored = await evaluators.restore(snapshot, DEFAULT_APP_LIMITS);
    if (!restored.restored) throw new NanosError('internal', `The API snapshot can not be restored: ${restored.message}`);
    return store.write({ script, partTexts, snapshot, inputs });
  }

  // One app

  async #evaluate(app: AppConfig, bundle: Bundle, limits: EvaluationLimits): Promise<ArtefactContent> {
    const { script, awaits } = bundle;
    const wasm = bundle.wasm.map(({ bytes }) => bytes);
    const asSnapshot = wantsSnapshot({ scriptBytes: script.length, awaits, wasmModules: wasm.length });
    const { handlers, codeCache } = await this.#tryOut(app, bundle, limits);
    const snapshot = asSnapshot ? await this.#snapshot(script, handlers, limits) : undefined;
    if (snapshot !== undefined) return { road: 'snapshot', awaits, handlers, script: '', snapshot, codeCache: undefined, wasm };
    return { road: 'script', awaits, handlers, script, snapshot: undefined, codeCache, wasm };
  }

  /** Every app runs once in limits: that gives the best words for what fails, and what it handles. */
  async #tryOut(app: AppConfig, bundle: Bundle, limits: EvaluationLimits): Promise<TrialReply> {
    const { snapshot, partTexts } = await this.#loadApi();
    const { script, awaits, wasm } = bundle;
    const request = { api: { snapshot, partTexts }, script, awaits, wasm: wasm.map(({ bytes }) => bytes), ...limits, wantsCodeCache: true };
    const reply = await this.#options.evaluators.trial(request).catch((error: unknown) => {
      throw error instanceof ProcessEnded ? endedInTrial(error, limits) : error;
    });
    if (reply.end !== 'done') throw startFailure(reply, bundle, limits);
    const handlers = KNOWN_HANDLERS.filter((name) => reply.handlers.includes(name));
    if (handlers.length === 0) throw nothingHandled(app);
    return { ...reply, handlers };
  }

  /** Undefined when V8 can't make one, or can't restore it to the same app: then there is the other road. */
  async #snapshot(script: string, handlers: readonly string[], limits: EvaluationLimits): Promise<Uint8Array | undefined> {
    const { evaluators } = this.#options;
    const { script: apiScript, partTexts } = await this.#loadApi();
    try {
      const scripts = [
        { code: apiScript, filename: API_FILENAME },
        { code: givePartTexts(partTexts), filename: API_FILENAME },
        { code: script, filename: APP_FILENAME },
        // whoever attaches brings them again
        { code: givePartTexts(''), filename: API_FILENAME },
      ];
      const { snapshot } = await evaluators.snapshot(scripts, limits);
      if (snapshot === undefined) return undefined;
      const restored = await evaluators.restore(snapshot, limits);
      const isSame = restored.restored && handlers.every((name) => restored.handlers.includes(name));
      return isSame ? snapshot : undefined;
    } catch (error) {
      if (error instanceof ProcessEnded) return undefined;
      throw error;
    }
  }
}

function startFailure({ end, message, wasmIndex }: TrialReply, bundle: Bundle, limits: EvaluationLimits): NanosError {
  switch (end) {
    case 'cpu':
      return new NanosError('app_failed_to_start', `Top-level code ran longer than ${limits.startupMsMax} ms`);
    case 'memory':
      return needsMemory(limits);
    case 'wasm':
      return new NanosError('build_failed', 'The file is not a valid WebAssembly module', { position: { file: bundle.wasm[wasmIndex]?.file ?? '' } });
    case 'lost':
      return new NanosError('app_failed_to_start', `Top-level code could not be stopped: ${message}`);
    default:
      return threw(message, bundle);
  }
}

function threw(message: string, { sourceMap }: Bundle): NanosError {
  const failure = parseTopLevelFailure(message) ?? { message, stack: message };
  const position = new StackMapper(sourceMap).positionInStack(failure.stack);
  return new NanosError('app_failed_to_start', `Top-level code failed: ${failure.message}`, { position });
}

function endedInTrial({ reason, message }: ProcessEnded, limits: EvaluationLimits): NanosError {
  if (reason === 'wall') return new NanosError('app_failed_to_start', `Top-level code ran longer than ${limits.startupMsMax} ms and could not be stopped`);
  if (reason === 'memory') return needsMemory(limits);
  return new NanosError('app_failed_to_start', `Top-level code brought its process down: ${message}`);
}

function needsMemory({ memoryMbMax }: EvaluationLimits): NanosError {
  return new NanosError('app_failed_to_start', `Top-level code needs more than ${memoryMbMax} MB of memory`);
}

function nothingHandled({ folder, main }: AppConfig): NanosError {
  const position = { file: relative(folder, main), line: 1 };
  return new NanosError('build_failed', 'The app handles nothing: it needs export default { fetch() { … } } or addEventListener("fetch", …)', { position });
}
