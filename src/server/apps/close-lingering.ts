import type { Duplex } from 'node:stream';

/** A client gets this long to read the last answer while it may still be sending. */
const LINGER_MS = 1_000;

/** Says that nothing more will come, and closes when the client does, or after a second (RFC 9112 section 9.6). */
export function closeLingering(socket: Duplex): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.end();
}
