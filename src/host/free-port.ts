import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the range that systems hand out by themselves (Linux: 32768 to 60999, macOS: from 49152), where another process could take the port between here and its use. */
const LOWEST = 20_000;
const COUNT = 12_000;
/** Processes begin this far from each other, so that two that start at the same time find different ports. */
const STRIDE = 13;

let tried = 0;

/** A port of `host` that nobody listens on now, though nothing keeps it so. Rejects with Node's error when `host` is no address of this machine. */
export async function freePort(host: string): Promise<number> {
  for (;;) {
    const port = LOWEST + ((process.pid * STRIDE + tried++) % COUNT);
    if (await isFree(host, port)) return port;
    if (tried > COUNT) throw new Error(`No port from ${LOWEST} to ${LOWEST + COUNT - 1} is free`);
  }
}

async function isFree(host: string, port: number): Promise<boolean> {
  const probe = createServer().listen(port, host);
  try {
    await once(probe, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return false;
  }
  probe.close();
  await once(probe, 'close');
  return true;
}
