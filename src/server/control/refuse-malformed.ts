import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { ERRORS, type ErrorCode } from '../../protocol/errors.ts';

const MESSAGES = {
  headers_too_large: 'The headers are too large',
  request_timeout: 'The request took too long to arrive',
  bad_request: 'The request is no valid HTTP',
} as const satisfies Partial<Record<ErrorCode, string>>;

/** Answers what node:http can't parse, in the same JSON form as every other error, and closes the connection. */
export function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const code = codeOf(error);
  const { status } = ERRORS[code];
  const body = `${JSON.stringify({ error: { code, message: MESSAGES[code] } })}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-nanos-error: ${code}`,
    'cache-control: no-store',
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function codeOf(error: NodeJS.ErrnoException): keyof typeof MESSAGES {
  if (error.code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
  return error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'bad_request';
}
