/** Ollama's protocol over the models of this host: https://github.com/ollama/ollama/blob/main/docs/api.md. */
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { ERRORS, toErrorData } from '../../../protocol/errors.ts';
import type { CompletionChunk, CompletionRequest, ModelInfo, ModelToolCall, TokenUsage } from '../../../protocol/model.ts';
import { clientCall, writePiece } from '../inference/client-call.ts';
import { begun, collectCompletion } from '../inference/completion.ts';
import { readInferenceBody } from '../inference/inference-body.ts';
import { chatRequest, chatSchema, embedSchema, generateRequest, generateSchema } from '../inference/ollama-request.ts';
import type { Route, RouteContext } from '../route.ts';
import { sendJson, startStream } from '../send.ts';

/** The release of Ollama whose API this is; clients look at it. */
const VERSION = '0.12.0';
const NS_PER_MS = 1_000_000;

export const ollamaRoutes: readonly Route[] = [
  { method: 'GET', path: '/api/version', scope: 'inference', handle: ({ response }) => sendJson(response, 200, { version: VERSION }), sendError: sendOllamaError },
  { method: 'GET', path: '/api/tags', scope: 'inference', handle: listModels, sendError: sendOllamaError },
  { method: 'POST', path: '/api/chat', scope: 'inference', handle: chat, sendError: sendOllamaError },
  { method: 'POST', path: '/api/generate', scope: 'inference', handle: generate, sendError: sendOllamaError },
  { method: 'POST', path: '/api/embed', scope: 'inference', handle: embed, sendError: sendOllamaError },
];

/** What an answer says, as chat or as text. */
type Wording = (said: { readonly text: string; readonly calls: readonly ModelToolCall[] }) => object;

const AS_CHAT: Wording = ({ text, calls }) => {
  const toolCalls = calls.length === 0 ? {} : { tool_calls: calls.map(({ name, arguments: args }) => ({ function: { name, arguments: args } })) };
  return { message: { role: 'assistant', content: text, ...toolCalls } };
};
const AS_TEXT: Wording = ({ text }) => ({ response: text });

async function listModels({ response, host }: RouteContext): Promise<void> {
  sendJson(response, 200, { models: (await host.models.list()).map(tagOf) });
}

function tagOf({ name, bytes, modifiedMs, architecture, parameters, quantization }: ModelInfo): object {
  const details = { parent_model: '', format: 'gguf', family: architecture, families: [architecture], parameter_size: `${(parameters / 1e6).toFixed(1)}M`, quantization_level: quantization };
  // Tells one state of a file from another; the content itself may be many gigabytes.
  const digest = createHash('sha256').update(`${name}\n${bytes}\n${modifiedMs}`).digest('hex');
  return { name, model: name, modified_at: new Date(modifiedMs).toISOString(), size: bytes, digest, details };
}

async function chat(context: RouteContext): Promise<void> {
  const body = await readInferenceBody(context, chatSchema);
  if (body.messages.length === 0) return confirmModel(context, body.model, AS_CHAT);
  await complete(context, body.model, chatRequest(body), AS_CHAT);
}

async function generate(context: RouteContext): Promise<void> {
  const body = await readInferenceBody(context, generateSchema);
  if ((body.prompt ?? '') === '') return confirmModel(context, body.model, AS_TEXT);
  await complete(context, body.model, generateRequest(body), AS_TEXT);
}

/** Clients ask nothing to have a model loaded; here it is loaded with the first question. */
async function confirmModel({ response, host }: RouteContext, model: string, wording: Wording): Promise<void> {
  await host.models.open(model);
  sendJson(response, 200, { ...headOf(model), ...wording({ text: '', calls: [] }), done: true, done_reason: 'load' });
}

async function complete({ response, host }: RouteContext, model: string, request: CompletionRequest, wording: Wording): Promise<void> {
  const startMs = performance.now();
  const provider = await host.models.open(model);
  const chunks = provider.complete(request, clientCall(response));
  if (request.stream === true) return stream(response, await begun(chunks), model, wording, startMs);
  const { text, calls, finishReason, usage } = await collectCompletion(chunks);
  sendJson(response, 200, { ...headOf(model), ...wording({ text, calls }), ...endOf(finishReason, usage, startMs, performance.now()) });
}

async function stream(response: ServerResponse, chunks: AsyncIterable<CompletionChunk>, model: string, wording: Wording, startMs: number): Promise<void> {
  startStream(response, 'application/x-ndjson; charset=utf-8');
  const firstMs = performance.now();
  const write = (line: object): Promise<void> => writePiece(response, `${JSON.stringify({ ...headOf(model), ...line })}\n`);
  try {
    for await (const chunk of chunks) {
      if (chunk.type === 'end') await write({ ...wording({ text: '', calls: [] }), ...endOf(chunk.finishReason, chunk.usage, startMs, firstMs) });
      else await write({ ...wording(chunk.type === 'text' ? { text: chunk.text, calls: [] } : { text: '', calls: [chunk.call] }), done: false });
    }
    response.end();
  } catch (error) {
    // the status has gone out; this is how clients learn of it then
    response.end(`${JSON.stringify({ error: messageOf(error) })}\n`);
  }
}

function headOf(model: string): object {
  return { model, created_at: new Date().toISOString() };
}

/** `firstMs`: when the prompt had been read */
function endOf(finishReason: string, { promptTokens, completionTokens }: TokenUsage, startMs: number, firstMs: number): object {
  const nowMs = performance.now();
  return {
    done: true,
    done_reason: finishReason === 'length' ? 'length' : 'stop',
    total_duration: nanoseconds(nowMs - startMs),
    load_duration: 0,
    prompt_eval_count: promptTokens,
    prompt_eval_duration: nanoseconds(firstMs - startMs),
    eval_count: completionTokens,
    eval_duration: nanoseconds(nowMs - firstMs),
  };
}

async function embed(context: RouteContext): Promise<void> {
  const startMs = performance.now();
  const { model, input } = await readInferenceBody(context, embedSchema);
  const provider = await context.host.models.open(model);
  const { vectors, promptTokens } = await provider.embed(typeof input === 'string' ? [input] : input, clientCall(context.response));
  sendJson(context.response, 200, { model, embeddings: vectors, total_duration: nanoseconds(performance.now() - startMs), load_duration: 0, prompt_eval_count: promptTokens });
}

function nanoseconds(ms: number): number {
  return Math.round(ms * NS_PER_MS);
}

function sendOllamaError(response: ServerResponse, error: unknown): void {
  const { code, retryAfterS } = toErrorData(error);
  const headers = { 'x-nanos-error': code, ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }) };
  sendJson(response, ERRORS[code].status, { error: messageOf(error) }, headers);
}

function messageOf(error: unknown): string {
  const { code, message } = toErrorData(error);
  return code === 'internal' ? 'The host failed' : message;
}
