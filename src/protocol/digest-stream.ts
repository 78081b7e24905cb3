/** What crosses for crypto.DigestStream: one host call for each stream, fields algorithm and the id of a stream that the guest offers; the reply is one buffer. */
export const DIGEST_STREAM_CALL = 'digest-stream';

export const digestAlgorithms = ['MD5', 'SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'] as const;
