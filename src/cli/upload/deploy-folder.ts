import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { readAppFolder } from '../../apps/config/read-app-folder.ts';
import type { AppStatus } from '../../protocol/control.ts';
import { NanosError } from '../../protocol/errors.ts';
import { isAppName } from '../../protocol/hostname.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { appStatusSchema } from '../app-status-schema.ts';
import type { CliIo } from '../cli-io.ts';
import { connectClient, type ClientOptions } from '../client-options.ts';
import { printJson } from '../print-json.ts';
import { printable } from '../printable.ts';
import { folderFiles } from './folder-files.ts';
import { moduleFiles } from './module-files.ts';
import { packFiles } from './pack-files.ts';
import type { UploadFile } from './upload-file.ts';
import { UploadProgress } from './upload-progress.ts';

export interface DeployOptions extends ClientOptions {
  readonly name?: string;
  readonly json?: boolean;
}

/** Checks the app in `folder`, uploads it, and prints what the host made of it. */
export async function deployFolder(folder: string, options: DeployOptions, io: CliIo): Promise<void> {
  const { name, json } = options;
  if (name !== undefined && !isAppName(name)) {
    throw new NanosError('usage', `--name ${JSON.stringify(name)} is no app name. Use lower-case letters, digits and hyphens, at most 63`);
  }
  const client = await connectClient(options, io);
  const app = await readAppFolder(folder, { name });
  const { files: own, skipped } = await folderFiles(app.folder);
  for (const path of skipped) io.stderr.write(printable(`nanos: ${path} is no regular file of the folder and is left out\n`));
  const files = [...own, ...(await moduleFiles(app))];
  const bytes = await checkSize(files);
  const progress = new UploadProgress(io.stderr, files.length, bytes);
  const body = packFiles(files, (size) => progress.add(size));
  const path = `v1/apps?${query(name, basename(app.folder).toLowerCase()).toString()}`;
  try {
    const status = await client.json({ method: 'POST', path, headers: { 'content-type': 'application/gzip' }, body }, appStatusSchema);
    progress.end();
    if (json === true) io.stdout.write(printJson(status, 2));
    else io.stderr.write(printable(describe(status)));
  } finally {
    progress.end();
  }
}

function query(name: string | undefined, folder: string): URLSearchParams {
  const query = new URLSearchParams();
  if (name !== undefined) query.set('name', name);
  if (isAppName(folder)) query.set('folder', folder);
  return query;
}

async function checkSize(files: readonly UploadFile[]): Promise<number> {
  const { uploadBytesMax, uploadFilesMax } = HOST_LIMITS;
  if (files.length > uploadFilesMax) throw new NanosError('body_too_large', `The app has ${files.length} files; ${uploadFilesMax} are allowed`);
  let bytes = 0;
  for (const { source } of files) bytes += (await stat(source)).size;
  if (bytes > uploadBytesMax) throw new NanosError('body_too_large', `The app's files have ${bytes} bytes; ${uploadBytesMax} are allowed`);
  return bytes;
}

function describe({ name, version, urls }: AppStatus): string {
  return `Deployed ${name}, version ${version}\n${urls.map((url) => `  ${url}\n`).join('')}`;
}
