import { statSync } from 'node:fs';
import { totalmem } from 'node:os';
import { basename } from 'node:path';
import { NanosError } from '../../protocol/errors.ts';
import type { CompletionChunk, CompletionRequest, Embeddings, ModelCall } from '../../protocol/model.ts';
import { readGguf, type GgufHeader } from '../gguf/read-gguf.ts';
import type { Llama, LlamaContext, LlamaModel, LlamaModule } from './llama-api.ts';
import { LoadedModel } from './loaded-model.ts';
import { importLlama, resolveLlama } from './resolve-llama.ts';

const MB = 1024 * 1024;
/** A model that small is faster on one thread than on several, and can afford many sequences. */
const TINY_BYTES_MAX = 64 * MB;
const TINY_SEQUENCES = 16;
const SEQUENCES = 4;
/** Of a model that could take more, unless a manifest asks for it: memory grows with it. */
const CONTEXT_TOKENS_DEFAULT = 8_192;
const CONTEXT_TOKENS_MIN = 64;
const MODELS_MAX = 4;

export interface LocalModelFile {
  /** absolute, of a GGUF file */
  readonly path: string;
  /** tokens of one conversation; by default what it was trained on, up to 8,192 */
  readonly contextTokens?: number | undefined;
}

export interface EngineSettings {
  readonly threadsMax: number;
  /** of one conversation, whoever asks for more */
  readonly contextTokensMax?: number | undefined;
  /** of files: larger ones are refused */
  readonly memoryBytesMax?: number | undefined;
  /** where to look for the engine's package */
  readonly engineFolder?: string | undefined;
  /** told before a file is given to native code, and after */
  onLoading?(path: string, isOver: boolean): void;
}

interface Entry {
  readonly loading: Promise<LoadedModel>;
  users: number;
}

/** llama.cpp in this process, with the models that were asked for last. */
export class LocalEngine {
  readonly #settings: EngineSettings;
  #started: Promise<{ module: LlamaModule; llama: Llama }> | undefined;
  /** least recently asked for first */
  readonly #models = new Map<string, Entry>();

  constructor(settings: EngineSettings) {
    this.#settings = settings;
  }

  async *complete(file: LocalModelFile, request: CompletionRequest, call: ModelCall): AsyncGenerator<CompletionChunk, void> {
    const entry = this.#enter(file);
    try {
      yield* (await entry.loading).complete(request, call);
    } finally {
      entry.users--;
    }
  }

  async embed(file: LocalModelFile, inputs: readonly string[], call: ModelCall): Promise<Embeddings> {
    const entry = this.#enter(file);
    try {
      return await (await entry.loading).embed(inputs, call);
    } finally {
      entry.users--;
    }
  }

  /** The model has one user more, and stays in memory until `users` is lowered again. */
  #enter(file: LocalModelFile): Entry {
    const key = keyOf(file);
    const entry = this.#models.get(key) ?? { loading: this.#load(file), users: 0 };
    entry.users++;
    this.#models.delete(key);
    this.#models.set(key, entry);
    entry.loading.then(
      () => this.#dropUnused(),
      () => this.#models.delete(key),
    );
    return entry;
  }

  #dropUnused(): void {
    for (const [key, { loading, users }] of this.#models) {
      if (this.#models.size <= MODELS_MAX) return;
      if (users > 0) continue;
      this.#models.delete(key);
      void loading.then((model) => model.dispose());
    }
  }

  async #load(file: LocalModelFile): Promise<LoadedModel> {
    const header = await readGguf(file.path);
    this.#checkMemory(file, header);
    this.#started ??= this.#start();
    this.#started.catch(() => (this.#started = undefined));
    const { module, llama } = await this.#started;
    this.#settings.onLoading?.(file.path, false);
    try {
      return await loadNative(module, llama, file, header, this.#settings);
    } finally {
      this.#settings.onLoading?.(file.path, true);
    }
  }

  #checkMemory({ path }: LocalModelFile, { bytes }: GgufHeader): void {
    const max = this.#settings.memoryBytesMax ?? machineBytes();
    if (bytes <= max) return;
    throw new NanosError('model_out_of_memory', `${path} has ${megabytes(bytes)} MB, and there are ${megabytes(max)} MB of memory. Use a smaller model, or a smaller quantization of it`);
  }

  async #start(): Promise<{ module: LlamaModule; llama: Llama }> {
    const resolved = resolveLlama(this.#settings.engineFolder);
    const module = await importLlama(resolved);
    try {
      const llama = await module.getLlama({
        gpu: resolved.hasGpuBuild ? 'auto' : false,
        build: 'never',
        skipDownload: true,
        progressLogs: false,
        logLevel: 'error',
        maxThreads: this.#settings.threadsMax,
        logger: () => undefined,
      });
      return { module, llama };
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new NanosError('model_engine_missing', `The engine of local models does not run on this machine: ${reason}`, { cause });
    }
  }
}

function keyOf({ path, contextTokens }: LocalModelFile): string {
  const { mtimeMs, size } = stateOf(path);
  return `${path}\n${contextTokens ?? ''}\n${mtimeMs}\n${size}`;
}

/** Looked up at once: every call would wait for a turn of the thread pool. What can't be looked at can't be loaded either, which says why. */
function stateOf(path: string): { readonly mtimeMs: number; readonly size: number } {
  try {
    return statSync(path);
  } catch {
    return { mtimeMs: 0, size: 0 };
  }
}

async function loadNative(module: LlamaModule, llama: Llama, file: LocalModelFile, header: GgufHeader, { threadsMax, contextTokensMax }: EngineSettings): Promise<LoadedModel> {
  const model = await llama.loadModel({ modelPath: file.path }).catch((cause: unknown) => {
    throw loadError(module, file, cause, 'model_invalid');
  });
  const isTiny = header.bytes <= TINY_BYTES_MAX;
  const contextTokens = wantedContext(file, model, contextTokensMax);
  const count = isTiny ? TINY_SEQUENCES : SEQUENCES;
  const threads = isTiny ? 1 : threadsMax;
  try {
    // Flash attention has no kernels for the small heads of tiny models.
    const context = await model.createContext({ contextSize: contextTokens, sequences: count, flashAttention: !isTiny, threads });
    const name = header.metadata.get('general.name');
    return new LoadedModel({
      module,
      llama,
      model,
      sequences: sequencesOf(context, count),
      label: basename(file.path),
      name: typeof name === 'string' ? name : undefined,
      contextTokens: Math.min(contextTokens, context.contextSize),
      threads,
    });
  } catch (cause) {
    await model.dispose();
    throw loadError(module, file, cause, 'model_failed');
  }
}

function wantedContext({ contextTokens }: LocalModelFile, { trainContextSize }: LlamaModel, contextTokensMax = Infinity): number {
  return Math.max(CONTEXT_TOKENS_MIN, Math.min(contextTokens ?? Math.min(trainContextSize, CONTEXT_TOKENS_DEFAULT), contextTokensMax));
}

function sequencesOf(context: LlamaContext, count: number): ReturnType<LlamaContext['getSequence']>[] {
  return Array.from({ length: count }, () => context.getSequence());
}

function loadError(module: LlamaModule, { path }: LocalModelFile, cause: unknown, code: 'model_invalid' | 'model_failed'): NanosError {
  if (cause instanceof NanosError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (!(cause instanceof module.InsufficientMemoryError)) return new NanosError(code, `${path} can not be loaded: ${reason}`, { cause });
  return new NanosError('model_out_of_memory', `There is not enough memory for ${path}: ${reason}. Use a smaller model, or a smaller context_window`, { cause });
}

/** Of the machine, or of the container that this runs in. */
function machineBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(totalmem(), limit) : totalmem();
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / MB);
}
