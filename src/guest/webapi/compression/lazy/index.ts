import { CompressionStream, DecompressionStream } from './compression-streams.ts';

export function loadCompression(): { CompressionStream: typeof CompressionStream; DecompressionStream: typeof DecompressionStream } {
  return { CompressionStream, DecompressionStream };
}
