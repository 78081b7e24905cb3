// Makes build/agent-engine.wasm: QuickJS and what lets it speak the agent ABI, in one module (src/agents/compile/engine).
// Plain JavaScript; the tools of binaryen run on the pinned Node.js. Done again only when something that goes into it has changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { pinnedNode } from './pinned-node.mjs';

const QUICKJS_SHA256 = 'd4c9375f2b1ca4dc95f72c8aa2982a7a9951ac8011490d79c6582df732b4bbd9';
/** Of the result: the same on every machine, so that an agent compiled anywhere has the same bytes. */
const ENGINE_SHA256 = 'e8e173c76ce3e0d0d5a08fa337a39db1521897fea10205bfbbfa7d541c93c018';

// Named one by one: with all of them the merged module has an encoding of imports that V8 rejects.
const FEATURES = ['bulk-memory', 'bulk-memory-opt', 'sign-ext', 'nontrapping-float-to-int', 'mutable-globals', 'multivalue', 'reference-types', 'simd'].map(
  (name) => `--enable-${name}`,
);

/** Of the ABI, and what the compiler needs to put an agent into the engine. Everything that only others need is left out. */
const EXPORTS = [
  'memory __stack_pointer nanos_alloc nanos_free nanos_start nanos_resume engine_dispatcher engine_is_doomed _initialize engine_limit_stack',
  'engine_set_dispatcher wasm_malloc wasm_free qjs_init qjs_set_memory_limit qjs_set_promise_rejection_handler qjs_compile qjs_eval_bytecode qjs_run_gc',
  'qjs_new_host_function qjs_get_global qjs_get_prop_string qjs_set_prop_string qjs_free_value qjs_is_exception qjs_get_exception qjs_get_string_len',
  'qjs_free_cstring',
].flatMap((line) => line.split(' '));

export class EngineError extends Error {}

/**
 * @param {string} root the folder with package.json
 * @returns {{ file: string, isNew: boolean }}
 */
export function buildEngine(root) {
  const file = engineFile(root);
  if (isEngineUpToDate(root)) return { file, isNew: false };
  const engine = makeEngine(root);
  if (sha256(engine) !== ENGINE_SHA256) throw new EngineError(`the agents' engine came out as ${sha256(engine)}, and ${ENGINE_SHA256} is expected: what it is made from has changed`);
  mkdirSync(dirname(file), { recursive: true });
  replaceFile(file, engine);
  replaceFile(`${file}.inputs`, inputsOf(root));
  return { file, isNew: true };
}

/** @param {string} root */
export function isEngineUpToDate(root) {
  const file = engineFile(root);
  if (!existsSync(file) || !existsSync(`${file}.inputs`)) return false;
  return readFileSync(`${file}.inputs`, 'utf8') === inputsOf(root) && sha256(readFileSync(file)) === ENGINE_SHA256;
}

function engineFile(root) {
  return join(root, 'build', 'agent-engine.wasm');
}

function replaceFile(file, content) {
  writeFileSync(`${file}.${process.pid}`, content);
  renameSync(`${file}.${process.pid}`, file);
}

function partsOf(root) {
  return ['glue.wat', 'wasi.wat'].map((name) => join(root, 'src', 'agents', 'compile', 'engine', name));
}

/** This script names the packages' versions by the hash of what they make. */
function inputsOf(root) {
  return [fileURLToPath(import.meta.url), ...partsOf(root)].map((path) => `${sha256(readFileSync(path))}\n`).join('');
}

function makeEngine(root) {
  const quickjs = join(root, 'node_modules', 'quickjs-wasi', 'quickjs.wasm');
  if (sha256(readFileSync(quickjs)) !== QUICKJS_SHA256) throw new EngineError(`${quickjs} is not the file that this version of nanos was made for. Install the packages again: npm ci`);
  const [glue, wasi] = partsOf(root);
  const folder = mkdtempSync(join(tmpdir(), 'nanos-engine-'));
  try {
    const [merged, graph, pruned] = ['merged.wasm', 'graph.json', 'pruned.wasm'].map((name) => join(folder, name));
    writeFileSync(graph, JSON.stringify(EXPORTS.map((name) => ({ name, root: true, export: name }))));
    binaryen(root, 'wasm-merge', [quickjs, 'engine', glue, 'env', wasi, 'wasi_snapshot_preview1', '-o', merged]);
    binaryen(root, 'wasm-metadce', [merged, `--graph-file=${graph}`, '-o', pruned]);
    return readFileSync(pruned);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function binaryen(root, tool, args) {
  const node = pinnedNode(root) ?? process.execPath;
  const { status, stderr, error } = spawnSync(node, [join(root, 'node_modules', 'binaryen', 'bin', tool), ...FEATURES, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new EngineError(`${tool} failed: ${error?.message ?? stderr}`);
}

function sha256(data) {
  return createHash('sha256').update(data).digest('hex');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { file, isNew } = buildEngine(dirname(dirname(fileURLToPath(import.meta.url))));
  process.stderr.write(`nanos: ${file} ${isNew ? 'made' : 'is up to date'}\n`);
}
