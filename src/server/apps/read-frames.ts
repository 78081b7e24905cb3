import type { Socket } from 'node:net';
import type { FrameReader } from '../../protocol/forward-frames.ts';

/** What comes goes to the reader; a connection on which something else comes than frames is dropped. */
export function readFrames(socket: Socket, reader: FrameReader): void {
  socket.on('data', (chunk: Buffer) => {
    if (socket.destroyed) return;
    try {
      reader.push(chunk);
    } catch {
      socket.destroy();
    }
  });
}
