/** What one client sees of one hostile program. */
import { request, type IncomingMessage } from 'node:http';
import type { Program } from '../read-programs.ts';

const BODY_KEPT = 2_000;
const UNREAD_MS = 2_500;

export interface Target {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  /** no end by then: `silent` */
  readonly waitMsMax: number;
  readonly bodyBytes?: number | undefined;
}

export interface Outcome {
  /**
   * `held`, `escaped`: what the program says itself · a code of docs/errors.md · `200` and other statuses · `cut`: the connection was closed too soon ·
   * `silent`: no end in time · `gone`: the client left
   */
  readonly kind: string;
  readonly detail: string;
}

/** Never rejects. */
export function provoke({ port, host, path, waitMsMax, bodyBytes = 0 }: Target, client: Program['client']): Promise<Outcome> {
  return new Promise((resolve) => {
    const end = (kind: string, detail = ''): void => {
      clearTimeout(timer);
      resolve({ kind, detail });
      outgoing.destroy();
    };
    const timer = setTimeout(() => end('silent'), client === 'never reads' ? UNREAD_MS : waitMsMax);
    const outgoing = request({ host: '127.0.0.1', port, path, method: 'POST', agent: false, headers: { host, 'content-type': 'text/plain' }, maxHeaderSize: 64 * 1024 });
    outgoing.on('error', (error) => end('cut', error.message));
    outgoing.on('response', (response) => {
      if (client !== 'never reads') readWhole(response, client, end);
    });
    outgoing.end('attack'.padEnd(bodyBytes));
  });
}

function readWhole(response: IncomingMessage, client: Program['client'], end: (kind: string, detail?: string) => void): void {
  let text = '';
  response.setEncoding('utf8').on('data', (part: string) => {
    if (text.length < BODY_KEPT) text += part.slice(0, BODY_KEPT);
    if (client === 'leaves') end('gone');
  });
  response.on('error', (error) => end('cut', error.message));
  response.on('end', () => {
    const code = response.headers['x-nanos-error'];
    const said = /^(?:held|escaped)\b/u.exec(text)?.[0];
    if (typeof code === 'string') end(code, text);
    else end(response.statusCode === 200 && said !== undefined ? said : String(response.statusCode), text);
  });
}
