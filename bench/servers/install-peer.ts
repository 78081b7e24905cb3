import { mkdirSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const INSTALL_MS_MAX = 180_000;

/** Where a peer of this name and version is installed: a folder of the bench's own that git ignores, so that it is no dependency of ours. */
export function peerFolder(name: string, version: string): string {
  return fileURLToPath(new URL(`../.peers/${name}-${version}/`, import.meta.url));
}

/** Installs a package, `name@version`, from npm without running any of its scripts. Throws when it can't be. */
export function installPeer(folder: string, what: string, say: (text: string) => void): void {
  say(`installing ${what} from npm (about 100 MB, once)`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/package.json`, '{ "private": true }\n');
  const args = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', what];
  const { status, stderr, error } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', timeout: INSTALL_MS_MAX });
  if (status !== 0) throw new Error(`npm could not install ${what}: ${(error?.message ?? stderr).trim().slice(-500)}`);
}
