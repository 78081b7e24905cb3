/** Requests from one app to another in the same cell, as protocol/service-call.ts lays them out. */
import { isUtf8 } from 'node:buffer';
import type { AppHandler, AppRequest, RequestBodyStream } from '../../protocol/app-call.ts';
import { SERVICE_BINDING } from '../../protocol/bindings/service-binding.ts';
import { NanosError } from '../../protocol/errors.ts';
import { type CrossingBody, packFetchReply, unpackFetchCall } from '../../protocol/fetch-call.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { isHeaderList, isMethod } from '../run/header-syntax.ts';
import type { HostCall, HostCallContext, HostCallResult } from '../run/host-call.ts';
import { ServiceSink, type ServiceAnswer } from '../run/service-sink.ts';

interface Service {
  readonly handler: AppHandler;
  readonly bodyBytesMax: number;
}

/** `find`: the app of that name in this cell. */
export function serviceCall(find: (app: string) => Service | undefined): HostCall {
  return async (context, _name, [binding = '', ...fields], buffers) => {
    const call = unpackFetchCall(fields);
    const service = find(serviceOf(context, binding));
    if (call.url.length > HOST_LIMITS.headerBytesMax || !/^https?:\/\//.test(call.url) || !URL.canParse(call.url) || !isMethod(call.method) || !isHeaderList(call.headers)) throw new TypeError('The request can not be sent');
    context.countSubrequest();
    if (context.depth >= HOST_LIMITS.serviceDepthMax) throw new NanosError('subrequest_limit', `More than ${HOST_LIMITS.serviceDepthMax} apps call one another`);
    if (service === undefined) throw new NanosError('app_not_found', `The app behind ${binding} is not served`);
    const { method, url, headers, body } = call;
    const request: AppRequest = { requestId: context.requestId, method, url, headers, body: bodyOf(context, body, buffers, service.bodyBytesMax), depth: context.depth + 1 };
    return reply(context, url, await ask(context, service.handler, request));
  };
}

function serviceOf({ bindings }: HostCallContext, binding: string): string {
  const face = Object.hasOwn(bindings, binding) ? bindings[binding] : undefined;
  if (face?.type !== SERVICE_BINDING || face.service === undefined) {
    throw new NanosError('binding_not_granted', face?.refused === undefined ? `The app has no binding ${binding.slice(0, 64)} of type service` : `The binding ${binding} can't be used: ${face.refused}`);
  }
  return face.service;
}

async function ask(context: HostCallContext, handler: AppHandler, request: AppRequest): Promise<ServiceAnswer> {
  const sink = new ServiceSink(request.method);
  const cancel = (): void => sink.cancel();
  context.signal.addEventListener('abort', cancel, { once: true });
  try {
    handler.handle(request, sink);
    return await sink.answer;
  } finally {
    context.signal.removeEventListener('abort', cancel);
  }
}

function reply(context: HostCallContext, url: string, { head, body }: ServiceAnswer): HostCallResult {
  const { crossing, buffers } = crossingBody(context, body);
  return { fields: packFetchReply({ ...head, url, redirected: false, body: crossing, headers: [...head.headers] }), buffers };
}

function crossingBody(context: HostCallContext, body: ServiceAnswer['body']): { crossing: CrossingBody; buffers: ArrayBuffer[] } {
  if (body === null) return { crossing: { kind: 'none', value: '' }, buffers: [] };
  if (typeof body === 'string') return { crossing: { kind: 'text', value: body }, buffers: [] };
  if (body instanceof Uint8Array) {
    if (isUtf8(body) && body[0] !== 0xef) return { crossing: { kind: 'text', value: Buffer.from(body).toString('utf8') }, buffers: [] };
    return { crossing: { kind: 'buffer', value: '0' }, buffers: [new Uint8Array(body).buffer] };
  }
  try {
    context.signal.throwIfAborted();
    return { crossing: { kind: 'stream', value: `${context.offerStream(body)}` }, buffers: [] };
  } catch (error) {
    body.cancel();
    throw error;
  }
}

function bodyOf(context: HostCallContext, { kind, value }: CrossingBody, buffers: readonly ArrayBuffer[], bytesMax: number): null | Uint8Array | RequestBodyStream {
  if (kind === 'none') return null;
  if (kind === 'stream') return limited(context, Number(value), bytesMax);
  const bytes = kind === 'text' ? Buffer.from(value) : new Uint8Array(buffers[Number(value)] ?? new ArrayBuffer(0));
  if (bytes.length > bytesMax) throw tooLarge(bytesMax);
  return bytes;
}

function tooLarge(bytesMax: number): NanosError {
  return new NanosError('body_too_large', `The app takes bodies of at most ${bytesMax} bytes`);
}

function limited(context: HostCallContext, streamId: number, bytesMax: number): RequestBodyStream {
  const reader = context.readStream(streamId);
  let bytes = 0;
  return {
    length: undefined,
    async read() {
      const chunk = await reader.read();
      bytes += chunk?.length ?? 0;
      if (bytes <= bytesMax) return chunk;
      reader.cancel();
      throw tooLarge(bytesMax);
    },
    cancel: () => reader.cancel(),
  };
}
