import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NanosError } from '../../../protocol/errors.ts';
import { isAppName } from '../../../protocol/hostname.ts';
import { HOST_LIMITS } from '../../../protocol/limits.ts';
import { readBody } from '../read-body.ts';
import type { Route, RouteContext } from '../route.ts';
import { sendJson } from '../send.ts';
import { unpackUpload } from '../unpack-upload.ts';

const TYPES = new Set(['application/gzip', 'application/x-gzip', 'application/octet-stream']);

/**
 * `POST /v1/apps`: a gzipped tar of an app's folder. `?name=` names the app, whatever its configuration says; `?folder=` is what the folder
 * was called at the uploader's, which names an app that has no configuration.
 */
export const uploadRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/apps',
    scope: 'admin',
    handle: async (context) => {
      const name = queryName(context.url, 'name');
      const folderName = name ?? queryName(context.url, 'folder') ?? 'app';
      checkHeaders(context);
      sendJson(context.response, 201, await deployUpload(context, name, folderName));
    },
  },
];

async function deployUpload(context: RouteContext, name: string | undefined, folderName: string): Promise<unknown> {
  const { host, temporary } = context;
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  const parent = await mkdtemp(join(temporary, 'upload-'));
  try {
    const folder = join(parent, folderName);
    await mkdir(folder, { mode: 0o700 });
    await unpackUpload(readBody(context), folder);
    return await host.deploy(folder, name);
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

function queryName(url: URL, key: string): string | undefined {
  const value = url.searchParams.get(key);
  if (value === null) return undefined;
  if (!isAppName(value)) {
    throw new NanosError('app_name_invalid', `${JSON.stringify(value.slice(0, 100))} is no app name. Use lower-case letters, digits and hyphens, at most 63`);
  }
  return value;
}

function checkHeaders({ request }: RouteContext): void {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === undefined || !TYPES.has(type)) {
    throw new NanosError('upload_invalid', 'Send the gzipped tar of a folder, with Content-Type: application/gzip');
  }
  if (Number(request.headers['content-length'] ?? 0) > HOST_LIMITS.uploadBytesMax) {
    throw new NanosError('body_too_large', `The upload is larger than ${HOST_LIMITS.uploadBytesMax} bytes`);
  }
}
