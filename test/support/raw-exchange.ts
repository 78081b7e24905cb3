import { once } from 'node:events';
import type { Socket } from 'node:net';

export interface RawResponse {
  readonly status: number;
  /** the head as it came, without its empty line; Latin-1 */
  readonly head: string;
  /** as it came: chunked bodies are not decoded; Latin-1 */
  readonly body: string;
}

/** Sends `raw` (Latin-1) as it is and takes what comes until the server closes. */
export async function rawExchange(connection: Promise<Socket>, raw: string | Uint8Array): Promise<string> {
  const socket = await connection;
  socket.on('error', () => undefined);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.write(typeof raw === 'string' ? Buffer.from(raw, 'latin1') : raw);
  await once(socket, 'close');
  return text;
}

/** Resolves with everything that came until `pattern` matched it. Rejects when the connection closes before. */
export function readUntil(socket: Socket, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (!pattern.test(text)) return;
      socket.off('data', onData);
      resolve(text);
    };
    socket.on('data', onData);
    socket.once('close', () => reject(new Error(`The connection closed after ${JSON.stringify(text.slice(-500))}`)));
  });
}

/** One response; whatever follows it is part of the body. */
export function parseRaw(text: string): RawResponse {
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, end);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]), head, body: text.slice(end + 4) };
}

/** The value of a header in a raw head, or undefined. */
export function rawHeader(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*?)\\r?$`, 'im').exec(head)?.[1];
}
