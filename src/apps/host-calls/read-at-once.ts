import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BodyReader } from '../../net/egress/body-reader.ts';

const LATE = Symbol('late');

/** The whole body when all of it is there already; else a reader of everything, that which is there included. Never waits for the network. */
export async function readAtOnce(body: BodyReader): Promise<Buffer | BodyReader> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const pending = body.read();
    const late = nextTurn(LATE);
    const next = await Promise.race([pending, late]).catch(() => LATE);
    if (typeof next === 'symbol') return resumed(chunks, pending, body);
    if (next === null) return Buffer.concat(chunks);
    chunks.push(next);
  }
}

/** `chunks`, then what `pending` gives, then the rest of `body`. */
function resumed(chunks: Uint8Array[], pending: Promise<Uint8Array | null>, body: BodyReader): BodyReader {
  let under: typeof pending | undefined = pending;
  pending.catch(() => undefined);
  return {
    read() {
      const chunk = chunks.shift();
      if (chunk !== undefined) return Promise.resolve(chunk);
      const next = under ?? body.read();
      under = undefined;
      return next;
    },
    cancel() {
      chunks.length = 0;
      body.cancel();
    },
  };
}
