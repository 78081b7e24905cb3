import { fork, type ChildProcess } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { availableParallelism, loadavg, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { LocalModelFile } from '../llm/local/local-engine.ts';
import { fromErrorData, NanosError } from '../protocol/errors.ts';
import type { CompletionChunk, CompletionRequest, Embeddings, ModelCall, ModelProvider, ModelTask } from '../protocol/model.ts';
import { ownFile } from '../util/own-file.ts';
import { CHILD_ENVIRONMENT } from './child-flags.ts';
import { ModelProcessCall } from './model-call.ts';
import type { FromModel, ModelSettings, ToModel } from './model-messages.ts';

/** Apps answer people; models can wait a little for the CPU. */
export const MODEL_NICENESS = 5;
/** What was given up must be over by then, or the process hangs. */
const STOP_MS_MAX = 10_000;
const STDERR_TAIL_LENGTH = 2_000;
/** What graphics drivers and loaders need to know; the rest of the environment may hold secrets. */
const KEPT_ENVIRONMENT = /^(?:PATH|HOME|LD_LIBRARY_PATH|DYLD_[A-Z_]+|(?:CUDA|NVIDIA|HIP|ROCR|VK|GGML|OMP)_[A-Z0-9_]+)$/;

export interface ModelProcessOptions {
  /** CPU threads; by default as many as there are cores that nobody uses */
  readonly threadsMax?: number | undefined;
  /** of one conversation, whoever asks for more */
  readonly contextTokensMax?: number | undefined;
  /** larger files are refused; by default what the machine has */
  readonly memoryBytesMax?: number | undefined;
  /** where to look for the engine, instead of its usual place */
  readonly engineFolder?: string | undefined;
  /** of one call, waiting included */
  readonly callMsMax?: number | undefined;
  /** after so long without a call the process ends, and gives its memory back */
  readonly idleMsMax?: number | undefined;
}

const CALL_MS_MAX = 600_000;
const IDLE_MS_MAX = 600_000;

/** Local models in a process of their own: started at the first call, replaced when it dies, ended when idle. */
export class ModelProcess {
  readonly #options: ModelProcessOptions;
  readonly #calls = new Map<number, ModelProcessCall>();
  /** given up and not over yet, with the time that they have left */
  readonly #stopping = new Map<number, NodeJS.Timeout>();
  readonly #loading = new Set<string>();
  /** files that cost a process, as they were then */
  readonly #deadly = new Map<string, Promise<string>>();
  #child: ChildProcess | undefined;
  #errors = '';
  #idleTimer: NodeJS.Timeout | undefined;
  #lastId = 0;
  #isClosed = false;

  constructor(options: ModelProcessOptions = {}) {
    this.#options = options;
  }

  /** undefined: none runs */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  provider(file: LocalModelFile): ModelProvider {
    return {
      complete: (request, call) => this.#complete(file, request, call),
      embed: (inputs, call) => this.#embed(file, inputs, call),
    };
  }

  /** Calls under way are rejected. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#endChild(new NanosError('model_failed', 'The host is closing'));
  }

  async *#complete(file: LocalModelFile, request: CompletionRequest, call: ModelCall): AsyncGenerator<CompletionChunk, void> {
    const { under, finish } = await this.#begin(file, { kind: 'complete', request }, call);
    try {
      yield* under.read();
    } finally {
      finish();
    }
  }

  async #embed(file: LocalModelFile, inputs: readonly string[], call: ModelCall): Promise<Embeddings> {
    const { under, finish } = await this.#begin(file, { kind: 'embed', inputs }, call);
    try {
      return await under.embeddings();
    } finally {
      finish();
    }
  }

  async #begin(file: LocalModelFile, task: ModelTask, { tenant, signal }: ModelCall): Promise<{ under: ModelProcessCall; finish: () => void }> {
    signal.throwIfAborted();
    await this.#refuseDeadly(file.path);
    if (this.#isClosed) throw new NanosError('model_failed', 'The host is closing');
    const id = ++this.#lastId;
    const under = new ModelProcessCall(file.path);
    this.#calls.set(id, under);
    const giveUp = (error: unknown): void => {
      under.end(error);
      this.#stop(id);
    };
    const abort = (): void => giveUp(signal.reason ?? new Error('The call was aborted'));
    const callMsMax = this.#options.callMsMax ?? CALL_MS_MAX;
    const timer = setTimeout(() => giveUp(new NanosError('model_timeout', `The model did not finish within ${callMsMax} ms`)), callMsMax);
    signal.addEventListener('abort', abort, { once: true });
    this.#tell({ type: 'start', id, file, tenant, task });
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      this.#stop(id);
    };
    return { under, finish };
  }

  /** Nobody waits for it any more. */
  #stop(id: number): void {
    if (!this.#calls.delete(id)) return;
    this.#tell({ type: 'abort', id });
    this.#stopping.set(id, setTimeout(() => this.#child?.kill('SIGKILL'), STOP_MS_MAX));
  }

  #tell(message: ToModel): void {
    clearTimeout(this.#idleTimer);
    this.#child ??= this.#fork();
    this.#child.ref();
    this.#child.channel?.ref();
    // whoever waits learns of a failure by the process's end
    this.#child.send(message, () => undefined);
  }

  #fork(): ChildProcess {
    const { threadsMax = freeCores(), contextTokensMax, memoryBytesMax, engineFolder } = this.#options;
    const settings: ModelSettings = { threadsMax, contextTokensMax, memoryBytesMax, engineFolder };
    const child = fork(fileURLToPath(ownFile('model', import.meta.url)), [JSON.stringify(settings)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: modelEnvironment(),
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#errors = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors = (this.#errors + text).slice(-STDERR_TAIL_LENGTH)));
    if (child.stderr instanceof Socket) child.stderr.unref();
    child.on('message', (message: FromModel) => this.#receive(message));
    child.on('error', () => this.#lost(child, 'it could not be started'));
    child.on('exit', (code, signal) => this.#lost(child, signal ?? `status ${code}`));
    if (child.pid !== undefined) lowerPriority(child.pid);
    return child;
  }

  #receive(message: FromModel): void {
    switch (message.type) {
      case 'loading':
        if (message.isOver) this.#loading.delete(message.path);
        else this.#loading.add(message.path);
        return;
      case 'chunks':
        for (const { id, chunks } of message.calls) this.#calls.get(id)?.push(chunks);
        return;
      case 'embeddings':
        return this.#calls.get(message.id)?.setEmbeddings(message.embeddings);
      case 'over':
        return this.#over(message.id, message.error === undefined ? undefined : fromErrorData(message.error));
    }
  }

  #over(id: number, error: NanosError | undefined): void {
    this.#calls.get(id)?.end(error);
    this.#calls.delete(id);
    clearTimeout(this.#stopping.get(id));
    this.#stopping.delete(id);
    if (this.#calls.size + this.#stopping.size > 0) return;
    // it keeps nobody alive who has nothing else to do
    this.#child?.unref();
    this.#child?.channel?.unref();
    this.#idleTimer = setTimeout(() => void this.#endChild(undefined), this.#options.idleMsMax ?? IDLE_MS_MAX).unref();
  }

  #lost(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    const loading = new Set(this.#loading);
    for (const path of loading) this.#deadly.set(path, stateOf(path));
    const said = this.#errors.trim().split('\n').at(-1) ?? '';
    this.#rejectAll(({ path }) => {
      if (loading.has(path)) return new NanosError('model_invalid', `The model process died (${how}) while it loaded ${path}: the file is damaged, or not for this engine`);
      return new NanosError('model_failed', `The model process died (${how})${said === '' ? '' : `: ${said}`}. The next call starts it again`);
    });
  }

  #rejectAll(errorOf: (call: ModelProcessCall) => Error): void {
    for (const timer of this.#stopping.values()) clearTimeout(timer);
    this.#stopping.clear();
    this.#loading.clear();
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.end(errorOf(call));
  }

  async #endChild(reason: NanosError | undefined): Promise<void> {
    clearTimeout(this.#idleTimer);
    const child = this.#child;
    this.#child = undefined;
    this.#rejectAll(() => reason ?? new NanosError('model_failed', 'The model process was ended'));
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.ref();
    child.kill('SIGKILL');
    await exited;
  }

  async #refuseDeadly(path: string): Promise<void> {
    const state = this.#deadly.get(path);
    if (state === undefined) return;
    if ((await state) === (await stateOf(path))) throw new NanosError('model_invalid', `${path} brought the model process down before, and has not changed since`);
    this.#deadly.delete(path);
  }
}

async function stateOf(path: string): Promise<string> {
  const { mtimeMs, size } = await stat(path).catch(() => ({ mtimeMs: 0, size: 0 }));
  return `${mtimeMs} ${size}`;
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, MODEL_NICENESS);
  } catch {
    // it is gone already, which its end tells
  }
}

/** Cores that nobody uses: with more threads than that, llama.cpp waits for its own. */
function freeCores(): number {
  const [busy = 0] = loadavg();
  return Math.max(1, Math.floor(availableParallelism() - busy));
}

function modelEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => KEPT_ENVIRONMENT.test(name));
  return { ...Object.fromEntries(kept), ...CHILD_ENVIRONMENT };
}
