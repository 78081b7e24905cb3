import type { ServerResponse } from 'node:http';
import { ERRORS, toErrorData } from '../../protocol/errors.ts';
import { MethodNotAllowed } from './route-table.ts';

/** Headers of every answer: nothing of the control plane may be kept, framed, or taken for another type. */
const ALWAYS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY' };

export function sendJson(response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void {
  sendText(response, status, 'application/json; charset=utf-8', `${JSON.stringify(value)}\n`, headers);
}

export function sendText(response: ServerResponse, status: number, type: string, text: string, headers: Record<string, string> = {}): void {
  const body = Buffer.from(text);
  response.writeHead(status, { ...ALWAYS, 'content-type': type, 'content-length': body.length, ...headers });
  response.end(body);
}

export function sendEmpty(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...ALWAYS, ...headers });
  response.end();
}

/** `{ "error": { code, message, request_id, position? } }`; an error that isn't ours shows no detail. */
export function sendError(response: ServerResponse, error: unknown, requestId: string): void {
  const { code, message, position, retryAfterS } = toErrorData(error);
  const headers: Record<string, string> = { 'x-nanos-error': code };
  if (code === 'unauthorized') headers['www-authenticate'] = 'Bearer realm="nanos"';
  if (error instanceof MethodNotAllowed) headers['allow'] = error.allowed.join(', ');
  if (retryAfterS !== undefined) headers['retry-after'] = String(retryAfterS);
  const shown = code === 'internal' ? 'The host failed. Its log has the reason under this request_id' : message;
  sendJson(response, ERRORS[code].status, { error: { code, message: shown, request_id: requestId, position } }, headers);
}

/** Starts an answer that is written piece by piece. */
export function startStream(response: ServerResponse, type: string): void {
  response.writeHead(200, { ...ALWAYS, 'content-type': type });
  response.flushHeaders();
}
