/**
 * By the standard's name of the encoding in lower case. `loose` puts U+FFFD where input is malformed; without it that is a TypeError.
 * With `stream`, what is unfinished is kept for the next call.
 */
export declare function createMultibyteDecoder(encoding: string, loose: boolean): (bytes: Uint8Array, stream: boolean) => string;
