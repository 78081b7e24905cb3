import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the range that systems hand out by themselves (Linux: 32768 to 60999, macOS: from 49152), where another process could take it at any moment. */
const LOWEST = 20_000;
const COUNT = 12_000;

/** A port of the loopback address that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * COUNT);
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}
