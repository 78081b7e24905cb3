// Installs what the lock file names and makes the agents' engine, and only when that isn't done yet. Plain JavaScript for any Node.js from 18, without dependencies.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildEngine, EngineError, isEngineUpToDate } from './build-engine.mjs';
import { installLlama, isLlamaInstalled, LlamaInstallError, npmCi } from './llama/install.mjs';
import { pinnedNode } from './pinned-node.mjs';

const root = realpathSync(dirname(dirname(fileURLToPath(import.meta.url))));
const stampFile = join(root, 'node_modules', '.nanos-setup');
// Not in node_modules, which npm removes first.
const lockFile = join(tmpdir(), `nanos-setup-${sha256(root).slice(0, 16)}-${process.getuid?.() ?? 0}.lock`);

const POLL_MS = 500;

class SetupError extends Error {}

/** What the installed packages must belong to. */
function wantedStamp() {
  return `${sha256(readFileSync(join(root, 'package-lock.json')))} ${process.platform}-${process.arch}\n`;
}

function isUpToDate() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wantedStamp() && pinnedNode(root) !== undefined;
}

function sha256(data) {
  return createHash('sha256').update(data).digest('hex');
}

function say(text) {
  process.stderr.write(`nanos: ${text}\n`);
}

async function main() {
  if (isUpToDate() && isEngineUpToDate(root) && hasModels()) return;
  await withLock(async () => {
    if (!isUpToDate()) await installAll();
    if (buildEngine(root).isNew) say('made the engine that agents are compiled into');
    if (!hasModels()) await installModels();
  });
}

/** The engine of local models is there, or not asked for. */
function hasModels() {
  return !process.argv.includes('--models') || isLlamaInstalled();
}

async function installModels() {
  say('installing the engine of local models, about 100 MB, which the tests use');
  await installLlama();
}

async function installAll() {
  await install();
  verify();
  writeFileSync(stampFile, wantedStamp());
  say('installed');
}

/** One process installs, the others wait for it and then find everything done. */
async function withLock(work) {
  await takeLock();
  const release = () => rmSync(lockFile, { force: true });
  const stop = (signal) => {
    release();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    await work();
  } finally {
    release();
  }
}

async function takeLock() {
  for (let waited = false; !tryLock(); waited = true) {
    if (!waited) say('another process is installing the packages; waiting for it');
    await sleep(POLL_MS);
  }
}

function tryLock() {
  const folder = mkdtempSync(join(tmpdir(), 'nanos-setup-'));
  try {
    // Linked, so that the lock is never seen without its holder in it.
    writeFileSync(join(folder, 'offer'), `${process.pid}\n`);
    linkSync(join(folder, 'offer'), lockFile);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    dropDeadLock();
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function dropDeadLock() {
  try {
    const holder = Number(readFileSync(lockFile, 'utf8'));
    if (Number.isInteger(holder) && holder > 0) process.kill(holder, 0);
    else rmSync(lockFile, { force: true });
  } catch (error) {
    if (error.code === 'ESRCH') rmSync(lockFile, { force: true });
    else if (error.code !== 'ENOENT' && error.code !== 'EPERM') throw error;
  }
}

async function install() {
  say('installing the packages of package-lock.json; the first time this downloads about 150 MB and takes from some seconds to a few minutes');
  // Optional dependencies hold the pinned Node.js. Warnings would be that some packages want a newer Node.js than the one that runs npm: they get the pinned one.
  await npmCi(root, ['dev', 'optional']).catch((error) => {
    throw new SetupError(error.isMissing ? 'npm is not installed, or not in PATH. Install Node.js 18 or newer with npm, and try again' : `npm could not install the packages (${error.message}); its message is above. Check the network and the npm registry setting, and try again`);
  });
}

function verify() {
  const node = pinnedNode(root);
  const here = `${process.platform} ${process.arch}`;
  if (node === undefined) throw new SetupError(`there is no pinned Node.js for ${here}. nanos runs on Linux and macOS, x64 and arm64`);
  const program = "require('isolated-vm'); process.stdout.write(process.version)";
  const { status, stdout, stderr, error } = spawnSync(node, ['--no-node-snapshot', '-e', program], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new SetupError(`the pinned Node.js or isolated-vm does not run on this machine (${here}): ${error?.message ?? stderr}`);
  if (!stdout.startsWith('v22.23.')) throw new SetupError(`the pinned Node.js is ${stdout}, and 22.23 is needed`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof SetupError || error instanceof EngineError || error instanceof LlamaInstallError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
