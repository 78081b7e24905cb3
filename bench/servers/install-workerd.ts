import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { installPeer, peerFolder } from './install-peer.ts';

const VERSION = '1.20261117.1';
const PACKAGES: Readonly<Record<string, string>> = { x64: '@cloudflare/workerd-linux-64', arm64: '@cloudflare/workerd-linux-arm64' };

export interface Workerd {
  readonly program: string;
  readonly version: string;
}

/** workerd from npm. Throws when it can't be installed. */
export function installWorkerd(say: (text: string) => void): Workerd {
  const name = PACKAGES[process.arch];
  if (name === undefined) throw new Error(`there is no workerd for ${process.arch}`);
  const folder = peerFolder('workerd', VERSION);
  const program = join(folder, 'node_modules', name, 'bin', 'workerd');
  if (!existsSync(program)) installPeer(folder, `${name}@${VERSION}`, say);
  const { status, stdout, error } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`workerd does not run here: ${error?.message ?? `status ${status}`}`);
  return { program, version: `${stdout.trim()} (npm ${VERSION})` };
}
