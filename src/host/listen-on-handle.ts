import type { Server } from 'node:net';

/** What net.Server.listen does with the handle of a port; of a Unix socket's it takes none. */
interface NetInternals {
  _handle: object;
  _listen2(address: null, port: -1, family: -1, backlog: number): void;
}

/** Connections that the kernel keeps while nobody accepts: as many as it allows. */
const BACKLOG = 4_096;

/** Accepts on a bound Unix socket that another process sent. Rejects when it can't, or when no handle came. */
export async function listenOnHandle(server: Server, handle: unknown): Promise<void> {
  if (typeof handle !== 'object' || handle === null) throw new Error('A socket was lost on its way');
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', resolve);
    const internals = server as unknown as NetInternals;
    internals._handle = handle;
    internals._listen2(null, -1, -1, BACKLOG);
  });
}
