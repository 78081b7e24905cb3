/** Entry file of what answers while there has been no cell for too long: 503 to everybody, on the cells' sockets. Knows no app, and runs no tenant's code. */
import { Server as NetServer } from 'node:net';
import type { Server } from 'node:http';
import { NanosError } from '../protocol/errors.ts';
import { createAppsListener } from '../server/apps/create-apps-listener.ts';
import type { ToStandIn } from './cell-absence.ts';
import { RefusedApp } from './refused-app.ts';

const RETRY_AFTER_S = 5;
/** For clients that have connected and not asked yet, once a cell is there. */
const LINGER_MS = 1_000;

const nobody = new RefusedApp(new NanosError('overloaded', 'No cell serves at the moment', { retryAfterS: RETRY_AFTER_S }), undefined);
const servers: Server[] = [];

function answerOn(socket: unknown): void {
  if (typeof socket !== 'object' || socket === null) throw new Error('A socket was lost on its way');
  const server = createAppsListener({ isDraining: () => true, route: () => ({ handler: nobody, ...nobody.edge }) });
  servers.push(server);
  server.listen(socket);
}

function end(): void {
  // of node:net: that of node:http closes at once those who have not asked yet
  for (const server of servers) NetServer.prototype.close.call(server);
  setTimeout(() => process.exit(), LINGER_MS);
}

process.on('message', ({ type }: ToStandIn, socket) => {
  if (type === 'answer') answerOn(socket);
  else end();
});
// Ctrl-C reaches the whole group; when the supervisor is done it says so
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit());
