/**
 * What crosses for CompressionStream and DecompressionStream: one host call for each stream, fields direction, format, and the id of a stream
 * that the guest offers; the reply is the id of one that the host offers.
 */
export const COMPRESSION_CALL = 'compression';

export const compressionDirections = ['compress', 'decompress'] as const;
export const compressionFormats = ['deflate', 'deflate-raw', 'gzip'] as const;

export type CompressionDirection = (typeof compressionDirections)[number];
export type CompressionFormat = (typeof compressionFormats)[number];
