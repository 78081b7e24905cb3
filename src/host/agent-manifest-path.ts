import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_SUFFIX } from '../protocol/agent/manifest.ts';
import { NanosError } from '../protocol/errors.ts';
import { isMissing } from '../util/file-error.ts';
import { isInside } from '../util/is-inside.ts';

const PATH_CHARACTERS_MAX = 1_024;

/**
 * The real path of a manifest that a client names: names joined by `/`, relative to the folder of agents (a real path itself), and nothing else. No way of writing leads out: neither `..`, nor an absolute path,
 * a backslash or NUL, nor a link. A percent sign stands for itself. Throws `path_escape`, `not_found`.
 */
export async function findManifest(folder: string, path: string): Promise<string> {
  const parts = path.split('/');
  const isPlain = path.length <= PATH_CHARACTERS_MAX && !/[\0\\]/u.test(path) && parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (!isPlain) throw new NanosError('path_escape', 'manifest must be a path below the folder of agents, such as "researcher/agent.nano"');
  if (!path.endsWith(MANIFEST_SUFFIX)) throw new NanosError('bad_request', `manifest must name a ${MANIFEST_SUFFIX} file`);
  const real = await realpath(join(folder, ...parts)).catch((cause: unknown) => {
    if (isMissing(cause)) throw new NanosError('not_found', `There is no ${path} in the folder of agents`, { cause });
    throw new NanosError('folder_unreadable', `${path} can't be read`, { cause });
  });
  if (!isInside(folder, real)) throw new NanosError('path_escape', `${path} is a link that leads out of the folder of agents`);
  return real;
}
