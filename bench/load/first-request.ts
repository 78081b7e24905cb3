import { connect } from 'node:net';
import type { BenchAddress } from '../servers/bench-address.ts';
import { ResponseReader } from './response-reader.ts';

export interface FirstRequest {
  /** from opening the connection to the end of the response, in ms */
  readonly latencyMs: number;
  /** the response as it came */
  readonly text: string;
}

const WAIT_MS_MAX = 60_000;

/** GET on a connection of its own. Rejects unless it is answered with 200. */
export function firstRequest({ port, host }: BenchAddress, path = '/'): Promise<FirstRequest> {
  return new Promise((resolve, reject) => {
    let text = '';
    const startedMs = performance.now();
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const reader = new ResponseReader(({ status }) => {
      const latencyMs = performance.now() - startedMs;
      socket.destroy();
      if (status === 200) resolve({ latencyMs, text });
      else reject(new Error(`${host} answered ${status}: ${text.slice(text.indexOf('\r\n\r\n') + 4)}`));
    });
    socket.setTimeout(WAIT_MS_MAX, () => socket.destroy(new Error(`${host} did not answer`)));
    socket.on('data', (data) => {
      text += data.toString('latin1');
      reader.feed(data);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${host} closed the connection without an answer`)));
    socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
  });
}
