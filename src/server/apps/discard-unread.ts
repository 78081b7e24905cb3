import type { IncomingMessage } from 'node:http';

/** Throws away what is still to come of a body; past `bytesMax` it reads no further and calls `onTooMuch`, once. */
export function discardUnread(request: IncomingMessage, bytesMax: number, onTooMuch: () => void): void {
  let bytesLeft = bytesMax;
  request.on('data', (chunk: Uint8Array) => {
    if (bytesLeft < 0) return;
    bytesLeft -= chunk.byteLength;
    if (bytesLeft >= 0) return;
    request.pause();
    onTooMuch();
  });
  request.resume();
}
