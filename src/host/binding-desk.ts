import type { BindingAnswer, BindingAsk } from '../protocol/bindings/binding-messages.ts';
import type { AppBindings, BindingTask, GrantedBinding } from '../protocol/bindings/binding-kinds.ts';
import type { TokenCap } from '../protocol/bindings/token-cap.ts';
import { NanosError, toErrorData, type ErrorCode, type ErrorData } from '../protocol/errors.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';
import type { CellBindings } from './cells.ts';

/** A call as a kind of binding gets it. */
export interface ServedCall<B extends GrantedBinding = GrantedBinding, T extends BindingTask = BindingTask> {
  readonly app: string;
  /** its name in env */
  readonly name: string;
  readonly binding: B;
  readonly task: T;
  /** of the app */
  readonly tokens: TokenCap;
  /** aborted: nobody waits any more */
  readonly signal: AbortSignal;
}

/** Chunks of an answer, one each time it is asked. */
export interface AnswerChunks {
  /** null at the end */
  read(): Promise<unknown>;
  /** Nobody reads on. Also after the end. */
  close(): void;
}

export type ServedAnswer = { readonly value: unknown } | { readonly chunks: AnswerChunks };

export interface BindingDeskParts {
  /** what the operator grants now; undefined: no such app */
  grantsOf(app: string): { readonly bindings: AppBindings; readonly tokens: TokenCap } | undefined;
  /** A call failed for reasons that are the operator's to know. */
  failed(app: string, binding: string, error: ErrorData): void;
  /** Throws NanosError, or the signal's reason. */
  serve(call: ServedCall): Promise<ServedAnswer>;
}

interface OpenCall {
  /** The error as the app may see it. */
  readonly blame: (error: unknown) => ErrorData;
  readonly stop: AbortController;
  chunks: AnswerChunks | undefined;
  /** It counts no longer. */
  leave(): void;
}

/** Errors whose messages speak of nothing but the call and the app's own rights. */
const FOR_APPS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['binding_not_granted', 'token_limit', 'overloaded', 'bad_request', 'not_found', 'context_overflow', 'model_timeout', 'agents_not_configured', 'agents_restarted']);

type Tell = (answer: BindingAnswer) => void;

/** The supervisor's side of the calls that apps make of their bindings. */
export class BindingDesk {
  readonly #parts: BindingDeskParts;
  /** calls under way */
  readonly #counts = new Map<string, number>();

  constructor(parts: BindingDeskParts) {
    this.#parts = parts;
  }

  /** For one cell, until it is gone. */
  connect(tell: Tell): CellBindings {
    const calls = new Map<number, OpenCall>();
    return {
      ask: (ask) => this.#ask(calls, ask, tell),
      close: () => {
        for (const call of calls.values()) end(call);
      },
    };
  }

  #ask(calls: Map<number, OpenCall>, ask: BindingAsk, tell: Tell): void {
    if (ask.kind === 'start') return void this.#serve(calls, ask, tell);
    const call = calls.get(ask.id);
    if (call === undefined) return;
    if (ask.kind === 'more') void more(call, ask.id, tell);
    else end(call);
  }

  async #serve(calls: Map<number, OpenCall>, { id, app, binding, task }: Extract<BindingAsk, { kind: 'start' }>, tell: Tell): Promise<void> {
    const call: OpenCall = { stop: new AbortController(), chunks: undefined, blame: (error) => this.#blame(app, binding, error), leave: () => calls.delete(id) };
    const { signal } = call.stop;
    calls.set(id, call);
    try {
      const leave = this.#enter(app);
      call.leave = () => {
        calls.delete(id);
        leave();
      };
      const answer = await this.#parts.serve({ ...this.#granted(app, binding, task), task, signal });
      if ('chunks' in answer) return this.#opened(call, id, answer.chunks, tell);
      if (!signal.aborted) tell({ type: 'binding', kind: 'value', id, value: answer.value });
    } catch (error) {
      if (!signal.aborted) tell({ type: 'binding', kind: 'failed', id, error: call.blame(error) });
    }
    call.leave();
  }

  /** One that was given up while it began is closed: nobody will ask for more. */
  #opened(call: OpenCall, id: number, chunks: AnswerChunks, tell: Tell): void {
    call.chunks = chunks;
    if (call.stop.signal.aborted) chunks.close();
    else tell({ type: 'binding', kind: 'open', id });
  }

  #enter(app: string): () => void {
    const { bindingCallsMax } = HOST_LIMITS;
    const count = this.#counts.get(app) ?? 0;
    if (count >= bindingCallsMax) throw new NanosError('overloaded', `${bindingCallsMax} calls of the app's bindings are under way already`, { retryAfterS: 1 });
    this.#counts.set(app, count + 1);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      const left = (this.#counts.get(app) ?? 1) - 1;
      if (left === 0) this.#counts.delete(app);
      else this.#counts.set(app, left);
    };
  }

  /** What names files and servers of the host is for its log. */
  #blame(app: string, binding: string, error: unknown): ErrorData {
    const data = toErrorData(error);
    if (FOR_APPS.has(data.code)) return data;
    this.#parts.failed(app, binding, data);
    return { code: data.code, message: 'The call failed in the host, whose log says why', retryAfterS: data.retryAfterS };
  }

  /** A cell may still know an older word of the operator. */
  #granted(app: string, name: string, task: BindingTask): Omit<ServedCall, 'task' | 'signal'> {
    const grants = this.#parts.grantsOf(app);
    const binding = grants !== undefined && Object.hasOwn(grants.bindings, name) ? grants.bindings[name] : undefined;
    if (grants === undefined || binding?.type !== task.kind) throw new NanosError('binding_not_granted', `The app has no binding ${name} of type ${task.kind} any more`);
    if ('refused' in binding) throw new NanosError('binding_not_granted', `The binding ${name} can't be used: ${binding.refused}`);
    return { app, name, binding, tokens: grants.tokens };
  }
}

async function more(call: OpenCall, id: number, tell: Tell): Promise<void> {
  const { signal } = call.stop;
  try {
    const chunk = await call.chunks?.read();
    if (signal.aborted) return;
    if (chunk !== null && chunk !== undefined) return tell({ type: 'binding', kind: 'chunk', id, chunk });
    tell({ type: 'binding', kind: 'end', id });
  } catch (error) {
    if (!signal.aborted) tell({ type: 'binding', kind: 'failed', id, error: call.blame(error) });
  }
  call.leave();
}

function end(call: OpenCall): void {
  call.leave();
  call.stop.abort(new NanosError('request_timeout', 'Nobody waits for the answer any more'));
  call.chunks?.close();
}
