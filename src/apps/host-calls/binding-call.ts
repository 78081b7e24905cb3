/** What the host calls of all kinds of bindings have in common. */
import { z } from 'zod';
import { packBindingReply, type BindingReply } from '../../protocol/bindings/binding-call.ts';
import type { BindingTask, BindingType } from '../../protocol/bindings/binding-kinds.ts';
import { NanosError } from '../../protocol/errors.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import type { ByteReader } from '../run/guest-streams.ts';
import type { HostCall, HostCallContext } from '../run/host-call.ts';

/** The way to the supervisor, which has what stands behind bindings. */
export interface BindingLink {
  /** One answer. Rejects with a NanosError, or with the signal's reason. */
  ask(call: BindingRequest, signal: AbortSignal): Promise<unknown>;
  /** Chunks, each asked for; resolves when the first is there or on its way. Rejects as `ask` does. */
  open(call: BindingRequest, signal: AbortSignal): Promise<ChunkReader>;
}

export interface BindingRequest {
  readonly app: string;
  /** its name in env */
  readonly binding: string;
  readonly task: BindingTask;
}

export interface ChunkReader {
  /** null at the end */
  read(): Promise<unknown>;
  cancel(): void;
}

/** `binding`: its name in env. `argument`: parsed, unchecked. Throws a NanosError as the app shall see it. */
export type BindingMethod = (context: HostCallContext, binding: string, argument: unknown) => Promise<{ readonly value: unknown } | { readonly stream: ByteReader }>;

/** The host call of one kind: finds the method, sees whether the app has such a binding, and counts the call. */
export function bindingCall(type: BindingType, methods: Readonly<Record<string, BindingMethod>>): HostCall {
  return async (context, name, [binding = '', text = '']) => {
    try {
      const key = name.slice(type.length + 1);
      const method = Object.hasOwn(methods, key) ? methods[key] : undefined;
      if (method === undefined) throw new NanosError('bad_request', `There is no method ${name.slice(0, 100)}`);
      requireGranted(context, type, binding);
      context.countSubrequest();
      return toResult(context, await method(context, binding, parseArgument(context, text)));
    } catch (error) {
      if (!(error instanceof NanosError)) throw error;
      return { fields: packBindingReply({ kind: 'error', code: error.code, message: error.message }), buffers: [] };
    }
  };
}

function requireGranted({ bindings }: HostCallContext, type: BindingType, binding: string): void {
  const face = Object.hasOwn(bindings, binding) ? bindings[binding] : undefined;
  if (face?.type !== type) throw new NanosError('binding_not_granted', `The app has no binding ${binding.slice(0, 64)} of type ${type}`);
  if (face.refused !== undefined) throw new NanosError('binding_not_granted', `The binding ${binding} can't be used: ${face.refused}`);
}

function parseArgument(context: HostCallContext, text: string): unknown {
  const { bindingArgumentBytesMax } = HOST_LIMITS;
  if (text.length > bindingArgumentBytesMax || Buffer.byteLength(text) > bindingArgumentBytesMax) {
    throw new NanosError('bad_request', `The argument is larger than ${bindingArgumentBytesMax} bytes as JSON`);
  }
  const startedMs = performance.now();
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NanosError('bad_request', 'The argument is no JSON', { cause });
  } finally {
    context.chargeCpu(performance.now() - startedMs);
  }
}

/** `whole`: what the argument is called in errors. */
export function checkArgument<T>(schema: z.ZodType<T>, argument: unknown, whole = 'the argument'): T {
  const parsed = schema.safeParse(argument);
  if (parsed.success) return parsed.data;
  const [{ path, message } = { path: [], message: 'is not valid' }] = parsed.error.issues;
  throw new NanosError('bad_request', `${path.length === 0 ? whole : path.map(String).join('.').slice(0, 200)}: ${message.slice(0, 500)}`);
}

function toResult(context: HostCallContext, outcome: Awaited<ReturnType<BindingMethod>>): { fields: string[]; buffers: ArrayBuffer[] } {
  const reply: BindingReply = 'value' in outcome ? { kind: 'json', text: JSON.stringify(outcome.value) } : { kind: 'stream', streamId: offer(context, outcome.stream) };
  return { fields: packBindingReply(reply), buffers: [] };
}

/** A call that was given up meanwhile has nobody who would cancel its stream. */
function offer(context: HostCallContext, stream: ByteReader): number {
  try {
    context.signal.throwIfAborted();
    return context.offerStream(stream);
  } catch (error) {
    stream.cancel();
    throw error;
  }
}
