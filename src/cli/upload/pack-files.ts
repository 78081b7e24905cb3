import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';
import type { UploadFile } from './upload-file.ts';

/** A gzipped tar of the files, in their order, made while it is read. `onFile` is told of each file with its size. */
export async function* packFiles(files: readonly UploadFile[], onFile: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const tar = pack();
  addFiles(tar, files, onFile).then(
    () => tar.finalize(),
    (error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  const gzip = createGzip();
  const compressed = pipeline(tar as AsyncIterable<Uint8Array>, gzip);
  // A reader that leaves early ends it with an error that nobody waits for.
  compressed.catch(() => undefined);
  yield* gzip as AsyncIterable<Uint8Array>;
  await compressed;
}

async function addFiles(tar: Pack, files: readonly UploadFile[], onFile: (bytes: number) => void): Promise<void> {
  for (const { source, path } of files) {
    // Read whole: a file that grows meanwhile would break the archive's announced size.
    const content = await readFile(source);
    await new Promise<void>((resolve, reject) => {
      tar.entry({ name: path, mode: 0o644, mtime: new Date(0) }, content, (error) => (error == null ? resolve() : reject(error)));
    });
    onFile(content.length);
  }
}
