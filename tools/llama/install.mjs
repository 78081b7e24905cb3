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
  const { command, args } = npm();
  // Builds for graphics cards are left out by the lock file. No package runs a script: the engine comes built.
  const options = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--include=optional'];
  const child = spawn(command, [...args, ...options], { cwd: folder, env: npmEnvironment(), stdio: ['ignore', process.stderr, process.stderr] });
  await new Promise((resolve, reject) => {
    child.on('error', () => reject(new LlamaInstallError('npm is not installed, or not in PATH. Install Node.js with npm, and try again')));
    child.on('exit', (status, signal) => {
      if (status === 0) resolve();
      else reject(new LlamaInstallError(`npm could not install the engine of local models into ${folder} (${signal ?? `status ${status}`}); its message is above`));
    });
  });
  writeFileSync(stampFile, wantedStamp());
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
