// Installs the engine of local models beside this file, and only when that isn't done yet. Plain JavaScript for any Node.js from 18, without dependencies.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const stampFile = join(folder, 'node_modules', '.nanos-setup');

export class LlamaInstallError extends Error {}

export function isLlamaInstalled() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wantedStamp();
}

/** Rejects with LlamaInstallError. npm's own report goes to standard error. */
export async function installLlama() {
  if (process.platform !== 'linux') throw new LlamaInstallError(`there is no pinned build for ${process.platform}. Put one into a node_modules above nanos: npm install ${pinnedPackage()}`);
  // Builds for graphics cards are left out by the lock file.
  await npmCi(folder, ['optional']).catch((error) => {
    throw new LlamaInstallError(error.isMissing ? 'npm is not installed, or not in PATH. Install Node.js with npm, and try again' : `npm could not install the engine of local models into ${folder} (${error.message}); its message is above`);
  });
  writeFileSync(stampFile, wantedStamp());
}

/**
 * Installs what the lock file of a folder names; `include`: kinds of dependencies that a user's own settings must not leave out. No package runs a script:
 * engines come built. npm's report goes to standard error, where people read. Rejects with how npm ended, or, `isMissing`, because there is none.
 */
export function npmCi(cwd, include) {
  const { command, args } = npm();
  const options = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...include.map((kind) => `--include=${kind}`)];
  const child = spawn(command, [...args, ...options], { cwd, env: npmEnvironment(), stdio: ['ignore', process.stderr, process.stderr] });
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => reject(Object.assign(new Error('npm can not be started', { cause }), { isMissing: true })));
    child.on('exit', (status, signal) => (status === 0 ? resolve() : reject(Object.assign(new Error(signal ?? `status ${status}`), { isMissing: false }))));
  });
}

function pinnedPackage() {
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return `node-llama-cpp@${dependencies['node-llama-cpp']}`;
}

function wantedStamp() {
  const lock = createHash('sha256').update(readFileSync(join(folder, 'package-lock.json'))).digest('hex');
  return `${lock} ${process.platform}-${process.arch}\n`;
}

/** The npm that runs this, when one does. */
function npm() {
  const running = process.env['npm_execpath'];
  if (running !== undefined && basename(running) === 'npm-cli.js' && existsSync(running)) return { command: process.execPath, args: [running] };
  return { command: 'npm', args: [] };
}

/** Without what an outer npm was told about where, and what, to install. */
function npmEnvironment() {
  const dropped = /^npm_config_(prefix|local_prefix|global|omit|only|production|dry_run|workspace.*|include_workspace_root)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !dropped.test(name)));
}
