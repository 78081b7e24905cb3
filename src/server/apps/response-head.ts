/** Checks a tenant's response head and turns it into what goes on the wire. Nothing in it is trusted. */
import { STATUS_CODES } from 'node:http';
import type { ResponseHead } from '../../protocol/app-call.ts';
import { SESSION_COOKIE } from '../../protocol/control.ts';
import { NanosError } from '../../protocol/errors.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';

export interface WireHead {
  readonly status: number;
  readonly statusText: string;
  /** flat name, value, …; without framing and hop-by-hop fields */
  readonly headers: string[];
  /** the tenant's own Content-Length when it is one valid number */
  readonly contentLength: number | undefined;
  readonly hasRequestId: boolean;
  /** all names and values are ASCII */
  readonly isAscii: boolean;
}

const NOT_ASCII = /[^\t\x20-\x7e]/;
const NOT_LATIN1_TEXT = /[^\t\x20-\x7e\x80-\xff]/;
const NOT_TOKEN = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;

/** Throws `app_threw` when the head can't be sent: status, status text, a name or a value outside the grammar (RFC 9110 section 5), or too long. */
export function toWireHead({ status, statusText, headers }: ResponseHead): WireHead {
  if (!Number.isInteger(status) || status < 200 || status > 599) throw invalid(`status ${status} is not between 200 and 599`);
  const out: string[] = [];
  let isAscii = true;
  let bytes = 0;
  let hasRequestId = false;
  let contentLength: string | undefined;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const written = headers[i] as string;
    const value = headers[i + 1] as string;
    if (written === '' || NOT_TOKEN.test(written)) throw invalid('a header name is not a token');
    const name = written.toLowerCase();
    if (NOT_ASCII.test(value)) {
      if (NOT_LATIN1_TEXT.test(value)) throw invalid(`the value of header "${name}" contains a character that can't be sent`);
      isAscii = false;
    }
    bytes += name.length + value.length + 4;
    switch (name) {
      case 'content-length':
        contentLength = contentLength === undefined || contentLength === value ? value : '';
        continue;
      case 'set-cookie':
        if (value.trimStart().startsWith(`${SESSION_COOKIE}=`)) continue;
        break;
      case 'connection':
      case 'keep-alive':
      case 'proxy-connection':
      case 'te':
      case 'trailer':
      case 'transfer-encoding':
      case 'upgrade':
        continue;
      case 'x-request-id':
        hasRequestId = true;
        break;
      default:
    }
    out.push(name, value);
  }
  if (bytes > HOST_LIMITS.responseHeaderBytesMax) throw invalid(`headers are longer than ${HOST_LIMITS.responseHeaderBytesMax} bytes`);
  return { status, statusText: checkedStatusText(status, statusText), headers: out, contentLength: parseLength(contentLength), hasRequestId, isAscii };
}

function checkedStatusText(status: number, statusText: string): string {
  if (statusText === '') return STATUS_CODES[status] ?? '';
  if (NOT_ASCII.test(statusText) || statusText.length > 1_024) throw invalid('the status text contains a character that can\'t be sent, or is too long');
  return statusText;
}

function parseLength(contentLength: string | undefined): number | undefined {
  return contentLength !== undefined && /^\d{1,15}$/.test(contentLength) ? Number(contentLength) : undefined;
}

function invalid(why: string): NanosError {
  return new NanosError('app_threw', `The app's response can't be sent: ${why}`);
}
