/** What the parser refuses never becomes a request; it is answered on the bare socket. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { NanosError } from '../../protocol/errors.ts';
import { errorPage } from '../error-page.ts';
import { closeLingering } from './close-lingering.ts';

/** What to answer for an error of node:http's parser or its timer; undefined: the connection is broken and nothing can be. */
export function malformedRequestError(cause: Error): NanosError | undefined {
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  if (code === 'HPE_HEADER_OVERFLOW') return new NanosError('headers_too_large', 'The request line and headers are too long');
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return new NanosError('body_too_large', 'The chunk extensions are too long');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new NanosError('request_timeout', 'The request took too long to arrive');
  if (!code.startsWith('HPE_')) return undefined;
  const reason = 'reason' in cause && typeof cause.reason === 'string' ? cause.reason : 'it can not be parsed';
  return new NanosError('bad_request', `The request is not valid HTTP: ${reason}`);
}

/** Sends the error and closes the connection. False when the connection was closing already, as on every call but the first. */
export function refuseOnSocket(socket: Duplex, error: NanosError, requestId: string): boolean {
  if (socket.destroyed || socket.writableEnded) return false;
  const { headers, body } = errorPage(error, { accept: undefined, requestId, dev: false });
  headers.push('content-length', `${Buffer.byteLength(body)}`, 'x-request-id', requestId, 'connection', 'close', 'date', new Date().toUTCString());
  const lines = [`HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  socket.on('error', () => socket.destroy());
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  closeLingering(socket);
  return true;
}
