import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const VERSION = '1.20261117.1';
const PACKAGES: Readonly<Record<string, string>> = { x64: '@cloudflare/workerd-linux-64', arm64: '@cloudflare/workerd-linux-arm64' };
const INSTALL_MS_MAX = 180_000;

export interface Workerd {
  readonly program: string;
  readonly version: string;
}

/** workerd from npm, in a folder of the bench's own that git ignores: no dependency of ours. Throws when it can't be installed. */
export function installWorkerd(say: (text: string) => void): Workerd {
  const name = PACKAGES[process.arch];
  if (name === undefined) throw new Error(`there is no workerd for ${process.arch}`);
  const folder = fileURLToPath(new URL(`../.peers/workerd-${VERSION}/`, import.meta.url));
  const program = join(folder, 'node_modules', name, 'bin', 'workerd');
  if (!existsSync(program)) install(folder, `${name}@${VERSION}`, say);
  const { status, stdout, error } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`workerd does not run here: ${error?.message ?? `status ${status}`}`);
  return { program, version: `${stdout.trim()} (npm ${VERSION})` };
}

function install(folder: string, what: string, say: (text: string) => void): void {
  say(`installing ${what} from npm (about 100 MB, once)`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', what];
  const { status, stderr, error } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', timeout: INSTALL_MS_MAX });
  if (status !== 0) throw new Error(`npm could not install ${what}: ${(error?.message ?? stderr).trim().slice(-500)}`);
}
