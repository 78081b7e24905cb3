import { createServer, type Server } from 'node:net';
import { NanosError } from '../protocol/errors.ts';
import { freePort } from './free-port.ts';

/** Listens, and gives the port. Rejects with `port_in_use`, `port_forbidden`. */
export function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** The port itself once it has been seen to be free, or for 0 any free one. Rejects as `listenOn`. */
export async function usablePort(host: string, port: number): Promise<number> {
  if (port === 0) {
    return freePort(host).catch((error: NodeJS.ErrnoException) => {
      throw listenError(error, host, 0);
    });
  }
  const probe = createServer();
  const bound = await listenOn(probe, host, port);
  await new Promise((done) => probe.close(done));
  return bound;
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): NanosError {
  if (error.code === 'EADDRINUSE') return new NanosError('port_in_use', `Port ${port} is in use by another program; choose another with --port or --apps-port`, { cause: error });
  if (error.code === 'EACCES') return new NanosError('port_forbidden', `Port ${port} may not be opened by this user; choose one above 1023`, { cause: error });
  return new NanosError('port_forbidden', `Can not listen on ${host}:${port}: ${error.message}`, { cause: error });
}
