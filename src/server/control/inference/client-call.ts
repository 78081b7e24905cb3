import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { ModelCall } from '../../../protocol/model.ts';

/** All that comes in over HTTP shares one turn with the agents of a host. */
const TENANT = 'inference-api';

/** A call for whoever waits for this response: given up when the client goes away. */
export function clientCall(response: ServerResponse): ModelCall {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Error('The client went away'));
  });
  return { tenant: TENANT, signal: gone.signal };
}

/** Writes a piece, and waits while the client does not read. */
export async function writePiece(response: ServerResponse, piece: string): Promise<void> {
  if (response.write(piece) || response.destroyed) return;
  await Promise.race([once(response, 'drain'), once(response, 'close')]);
}
