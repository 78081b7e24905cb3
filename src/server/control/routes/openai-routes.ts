/** OpenAI's protocol over the models of this host: https://platform.openai.com/docs/api-reference. */
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { ERRORS, toErrorData } from '../../../protocol/errors.ts';
import type { CompletionChunk, ModelToolCall, TokenUsage } from '../../../protocol/model.ts';
import { clientCall, writePiece } from '../inference/client-call.ts';
import { begun, collectCompletion } from '../inference/completion.ts';
import { readInferenceBody } from '../inference/inference-body.ts';
import { chatRequest, chatSchema, embeddingsSchema, textRequest, textSchema } from '../inference/openai-request.ts';
import type { Route, RouteContext } from '../route.ts';
import { sendJson, startStream } from '../send.ts';

export const openaiRoutes: readonly Route[] = [
  { method: 'GET', path: '/v1/models', scope: 'inference', handle: listModels, sendError: sendOpenaiError },
  { method: 'POST', path: '/v1/chat/completions', scope: 'inference', handle: chat, sendError: sendOpenaiError },
  { method: 'POST', path: '/v1/completions', scope: 'inference', handle: text, sendError: sendOpenaiError },
  { method: 'POST', path: '/v1/embeddings', scope: 'inference', handle: embeddings, sendError: sendOpenaiError },
];

/** What all answers of one request begin with. */
interface Head {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

async function listModels({ response, host }: RouteContext): Promise<void> {
  const models = await host.models.list();
  sendJson(response, 200, { object: 'list', data: models.map(({ name, modifiedMs }) => ({ id: name, object: 'model', created: seconds(modifiedMs), owned_by: 'nanos' })) });
}

async function chat(context: RouteContext): Promise<void> {
  const body = await readInferenceBody(context, chatSchema);
  const provider = await context.host.models.open(body.model);
  const chunks = provider.complete(chatRequest(body), clientCall(context.response));
  const head = headOf('chatcmpl', body.model);
  if (body.stream !== true) return sendChat(context.response, head, chunks);
  await stream(context.response, await begun(chunks), chatEvents(head), body.stream_options?.include_usage === true);
}

async function sendChat(response: ServerResponse, head: Head, chunks: AsyncIterable<CompletionChunk>): Promise<void> {
  const { text: content, calls, finishReason, usage } = await collectCompletion(chunks);
  const toolCalls = calls.length === 0 ? {} : { tool_calls: calls.map(callOf) };
  const message = { role: 'assistant', content: content === '' && calls.length > 0 ? null : content, refusal: null, ...toolCalls };
  sendJson(response, 200, { ...head, object: 'chat.completion', choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }], usage: usageOf(usage) });
}

async function text(context: RouteContext): Promise<void> {
  const body = await readInferenceBody(context, textSchema);
  const provider = await context.host.models.open(body.model);
  const chunks = provider.complete(textRequest(body), clientCall(context.response));
  const head = headOf('cmpl', body.model);
  if (body.stream === true) return stream(context.response, await begun(chunks), textEvents(head), body.stream_options?.include_usage === true);
  const { text: written, finishReason, usage } = await collectCompletion(chunks);
  const choice = { index: 0, text: written, logprobs: null, finish_reason: finishReason };
  sendJson(context.response, 200, { ...head, object: 'text_completion', choices: [choice], usage: usageOf(usage) });
}

/** The events of one kind of answer. */
interface EventForm {
  readonly first: readonly object[];
  of(chunk: CompletionChunk): object;
  usage(usage: TokenUsage): object;
}

function chatEvents(head: Head): EventForm {
  let calls = 0;
  const event = (delta: object, finishReason: string | null = null): object => ({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }] });
  return {
    first: [event({ role: 'assistant', content: '' })],
    of: (chunk) => {
      if (chunk.type === 'text') return event({ content: chunk.text });
      if (chunk.type === 'tool_call') return event({ tool_calls: [{ index: calls++, ...callOf(chunk.call) }] });
      return event({}, chunk.finishReason);
    },
    usage: (usage) => ({ ...head, object: 'chat.completion.chunk', choices: [], usage: usageOf(usage) }),
  };
}

function textEvents(head: Head): EventForm {
  const event = (written: string, finishReason: string | null): object => ({ ...head, object: 'text_completion', choices: [{ index: 0, text: written, logprobs: null, finish_reason: finishReason }] });
  return {
    first: [],
    of: (chunk) => event(chunk.type === 'text' ? chunk.text : '', chunk.type === 'end' ? chunk.finishReason : null),
    usage: (usage) => ({ ...head, object: 'text_completion', choices: [], usage: usageOf(usage) }),
  };
}

async function stream(response: ServerResponse, chunks: AsyncIterable<CompletionChunk>, form: EventForm, withUsage: boolean): Promise<void> {
  startStream(response, 'text/event-stream; charset=utf-8');
  try {
    for (const event of form.first) await writeEvent(response, event);
    for await (const chunk of chunks) {
      await writeEvent(response, form.of(chunk));
      if (chunk.type === 'end' && withUsage) await writeEvent(response, form.usage(chunk.usage));
    }
    response.end('data: [DONE]\n\n');
  } catch (error) {
    // the status has gone out; this is how clients learn of it then
    response.end(`data: ${JSON.stringify(errorBody(error))}\n\n`);
  }
}

function writeEvent(response: ServerResponse, event: object): Promise<void> {
  return writePiece(response, `data: ${JSON.stringify(event)}\n\n`);
}

async function embeddings(context: RouteContext): Promise<void> {
  const { model, input, encoding_format: format } = await readInferenceBody(context, embeddingsSchema);
  const provider = await context.host.models.open(model);
  const { vectors, promptTokens } = await provider.embed(typeof input === 'string' ? [input] : input, clientCall(context.response));
  const data = vectors.map((vector, index) => ({ object: 'embedding', index, embedding: format === 'base64' ? base64Floats(vector) : vector }));
  sendJson(context.response, 200, { object: 'list', data, model, usage: { prompt_tokens: promptTokens, total_tokens: promptTokens } });
}

/** 32-bit little-endian floats. */
function base64Floats(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}

function headOf(kind: string, model: string): Head {
  return { id: `${kind}-${randomBytes(12).toString('hex')}`, created: seconds(Date.now()), model };
}

function callOf({ id, name, arguments: args }: ModelToolCall): object {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(args) } };
}

function usageOf({ promptTokens, completionTokens }: TokenUsage): object {
  return { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000);
}

function sendOpenaiError(response: ServerResponse, error: unknown): void {
  const { code, retryAfterS } = toErrorData(error);
  const headers = { 'x-nanos-error': code, ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }) };
  sendJson(response, ERRORS[code].status, errorBody(error), headers);
}

function errorBody(error: unknown): object {
  const { code, message } = toErrorData(error);
  const type = ERRORS[code].status < 500 ? 'invalid_request_error' : 'server_error';
  const shown = code === 'internal' ? 'The host failed' : message;
  // the name by which clients know it
  return { error: { message: shown, type, param: null, code: code === 'context_overflow' ? 'context_length_exceeded' : code } };
}
