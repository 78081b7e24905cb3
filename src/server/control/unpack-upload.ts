import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { isDiskFull, NanosError } from '../../protocol/errors.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { archivePath } from './archive-path.ts';

export interface UploadLimits {
  /** of the upload as sent, and of what it unpacks to */
  readonly bytesMax: number;
  /** files and folders */
  readonly filesMax: number;
}

const LIMITS: UploadLimits = { bytesMax: HOST_LIMITS.uploadBytesMax, filesMax: HOST_LIMITS.uploadFilesMax };

/**
 * Unpacks a gzipped tar into `folder`, an empty one. Only regular files and folders, each below `folder` and named once; modes and owners of
 * the archive don't count. Throws `upload_invalid`, `path_escape` or `body_too_large`; then `folder` holds a part and must be removed.
 */
export async function unpackUpload(upload: AsyncIterable<Uint8Array>, folder: string, limits: UploadLimits = LIMITS): Promise<void> {
  const unpacker = new Unpacker(folder, limits.filesMax);
  try {
    await pipeline(
      atMost(upload, limits.bytesMax, 'The upload'),
      createGunzip(),
      (bytes: AsyncIterable<Uint8Array>) => atMost(bytes, limits.bytesMax, 'The unpacked upload'),
      unpacker.sink(),
    );
  } catch (error) {
    await unpacker.settled();
    throw toUploadError(error);
  }
  if (unpacker.fileCount === 0) throw new NanosError('upload_invalid', 'The upload holds no file');
}

async function* atMost(bytes: AsyncIterable<Uint8Array>, bytesMax: number, what: string): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const chunk of bytes) {
    count += chunk.byteLength;
    if (count > bytesMax) throw new NanosError('body_too_large', `${what} is larger than ${bytesMax} bytes`);
    yield chunk;
  }
}

class Unpacker {
  readonly #folder: string;
  readonly #entriesMax: number;
  /** archive paths that are taken; folders made for a file's sake may still be named once themselves */
  readonly #named = new Set<string>();
  readonly #folders = new Set<string>(['']);
  #entryCount = 0;
  #lastEntry = Promise.resolve();
  fileCount = 0;

  constructor(folder: string, entriesMax: number) {
    this.#folder = folder;
    this.#entriesMax = entriesMax;
  }

  /** Takes the bytes of the tar; finishes when everything in it is on disk. */
  sink(): Writable {
    const tar = extract();
    const ended = new Promise<void>((resolve, reject) => {
      tar.on('finish', resolve);
      tar.on('error', reject);
      tar.on('close', () => reject(new Error('It ends too early')));
    });
    tar.on('entry', (header, content, next) => {
      // Its failure is the archive's, which is told by `ended`.
      content.on('error', () => undefined);
      this.#lastEntry = this.#unpack(header, content);
      this.#lastEntry.then(() => next(), (error: unknown) => next(error instanceof Error ? error : new Error(String(error))));
    });
    const sink = new Writable({
      write: (chunk: Uint8Array, _encoding, done) => void (tar.write(chunk) ? done() : tar.once('drain', () => done())),
      final: (done) => {
        tar.end(undefined);
        ended.then(() => this.#lastEntry).then(() => done(), done);
      },
      destroy: (error, done) => {
        tar.destroy();
        done(error);
      },
    });
    ended.catch((error: unknown) => sink.destroy(error instanceof Error ? error : new Error(String(error))));
    return sink;
  }

  /** Resolves when nothing is written any more, also after a failure. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#lastEntry]);
  }

  async #unpack(header: Header, content: AsyncIterable<unknown>): Promise<void> {
    const path = archivePath(header.name);
    this.#count();
    if (path !== '') this.#claim(path);
    if (header.type === 'directory') return this.#makeFolder(path);
    if (header.type !== 'file' || path === '') {
      throw new NanosError('upload_invalid', `${JSON.stringify(header.name)} is a ${header.type ?? 'special file'}. An upload may hold only regular files and folders`);
    }
    await this.#makeFolder(parentOf(path));
    this.fileCount++;
    const file = await open(join(this.#folder, path), 'wx', 0o600);
    try {
      await file.writeFile(content as AsyncIterable<Uint8Array>);
    } finally {
      await file.close();
    }
  }

  #claim(path: string): void {
    if (this.#named.has(path)) throw new NanosError('upload_invalid', `${JSON.stringify(path)} is in the upload twice`);
    this.#named.add(path);
  }

  async #makeFolder(path: string): Promise<void> {
    const missing: string[] = [];
    for (let each = path; !this.#folders.has(each); each = parentOf(each)) missing.unshift(each);
    for (const each of missing) {
      this.#count();
      await mkdir(join(this.#folder, each), { mode: 0o700 });
      this.#folders.add(each);
    }
  }

  #count(): void {
    this.#entryCount++;
    if (this.#entryCount > this.#entriesMax) {
      throw new NanosError('body_too_large', `The upload holds more than ${this.#entriesMax} files and folders`);
    }
  }
}

function parentOf(path: string): string {
  const parent = dirname(path);
  return parent === '.' ? '' : parent;
}

function toUploadError(error: unknown): unknown {
  if (error instanceof NanosError || isDiskFull(error)) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'EMFILE' || code === 'EACCES') {
    return new NanosError('internal', `The upload can't be stored: ${code}`, { cause: error });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new NanosError('upload_invalid', `The upload is no complete gzipped tar archive: ${reason}`, { cause: error });
}
