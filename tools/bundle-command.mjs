// Makes of dist/cli/main.js and all that it loads a few files in dist/command: a command starts in a fraction of the time that some 350 modules take to be found and read.
// The commands that run agents are there a second time, as one file: src/cli/start-snapshot.ts makes of it a heap to start from.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, relative, sep } from 'node:path';
import process from 'node:process';

/** Packages that go into the bundle; others are loaded from node_modules when they are needed. */
const BUNDLED = ['@jridgewell', '@noble', 'commander', 'ipaddr.js', 'picomatch', 'yaml', 'zod'];

const OPTIONS = { metafile: true, bundle: true, platform: 'node', target: 'node22', minifySyntax: true, minifyWhitespace: true, logLevel: 'warning' };

export async function bundleCommand(dist) {
  const main = await build({
    ...OPTIONS,
    entryPoints: [join(dist, 'cli', 'main.js')],
    outdir: join(dist, 'command'),
    absWorkingDir: dist,
    splitting: true,
    format: 'esm',
    plugins: [ownSources(dist, 'import.meta.url'), builtins({ inSnapshot: false }), packages({ inSnapshot: false })],
  });
  const agents = await bundleAgents(dist);
  writeFileSync(join(dist, 'command', 'licenses.txt'), licensesOf(packageFolders(dist, [main, agents])));
}

/** One CommonJS file, as `node --build-snapshot` wants it. Where it is, a process that starts from the snapshot knows by its first argument only. */
async function bundleAgents(dist) {
  const file = join(dist, 'command', 'agents.cjs');
  const result = await build({
    ...OPTIONS,
    // The snapshot holds the source, and every name in it once more.
    minifyIdentifiers: true,
    entryPoints: [join(dist, 'cli', 'agent-commands.js')],
    outfile: file,
    absWorkingDir: dist,
    format: 'cjs',
    plugins: [ownSources(dist, 'process.getBuiltinModule("node:url").pathToFileURL(process.argv[1])'), builtins({ inSnapshot: true }), packages({ inSnapshot: true })],
  });
  writeFileSync(join(dist, 'command', 'agents.id'), `${createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 32)}\n`);
  return result;
}

function packageFolders(dist, results) {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(path)?.[0] ?? []);
  return [...new Set(folders)].toSorted((a, b) => (a < b ? -1 : 1)).map((folder) => join(dist, folder));
}

/** What the licences of the packages in the bundle ask to go with every copy. */
function licensesOf(folders) {
  const texts = folders.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/iu.test(entry));
    return `${name} ${version} (${license})\n\n${file === undefined ? '' : readFileSync(join(folder, file), 'utf8')}`;
  });
  return texts.join(`\n\n${'-'.repeat(72)}\n\n`);
}

/**
 * A module in the bundle still finds the files beside its own. All files of the bundle are in one folder, one below dist; `here` is an expression for the URL of one of them.
 * Of zod only what is used is taken: not so of an object that has all of it.
 */
function ownSources(dist, here) {
  return {
    name: 'own-sources',
    setup(esbuild) {
      esbuild.onLoad({ filter: /\.js$/ }, ({ path }) => {
        if (!path.startsWith(dist + sep)) return undefined;
        const place = `../${relative(dist, path).split(sep).join('/')}`;
        const source = readFileSync(path, 'utf8').replace("import { z } from 'zod';", "import * as z from 'zod';");
        return { contents: source.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, ${here}).href`), loader: 'js' };
      });
    },
  };
}

/** Node.js makes a module with all exports of a builtin that is imported, and evaluates each: the streams of a terminal, too. Here only what is used is asked for, functions when they are called. */
function builtins({ inSnapshot }) {
  return {
    name: 'builtins',
    setup(esbuild) {
      esbuild.onResolve({ filter: /./ }, ({ path, kind }) => (isBuiltin(path) ? { path, namespace: kind === 'require-call' ? 'required' : 'imported', sideEffects: false } : undefined));
      esbuild.onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({ contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});` }));
      esbuild.onLoad({ filter: /./, namespace: 'imported' }, ({ path }) => ({ contents: exportsOf(path, inSnapshot) }));
    },
  };
}

/** No snapshot can hold them. */
const NOT_IN_SNAPSHOT = ['node:sqlite', 'node:worker_threads'];
/** What is drawn while a snapshot is made would be the same in every process that starts from it. */
const DRAWN = /^(?:random|generate)/u;

function exportsOf(path, inSnapshot) {
  const builtin = process.getBuiltinModule(path);
  const names = Object.keys(builtin).filter((name) => name !== 'default' && /^[A-Za-z_]\w*$/u.test(name));
  const load = `process.getBuiltinModule(${JSON.stringify(path)})`;
  const valueOf = (name) => {
    if (inSnapshot && path === 'node:crypto' && DRAWN.test(name)) return `(...args) => unlessMade(${load}.${name})(...args)`;
    if (isPlainFunction(builtin[name])) return `(...args) => ${load}.${name}(...args)`;
    if (inSnapshot && NOT_IN_SNAPSHOT.includes(path) && typeof builtin[name] === 'function') return `/* @__PURE__ */ later(() => ${load}.${name})`;
    return `/* @__PURE__ */ get('${name}')`;
  };
  const named = names.map((name) => `const its_${name} = ${valueOf(name)}; export { its_${name} as ${name} };`);
  return [`const get = (name) => ${load}[name];`, ...(inSnapshot ? HELPERS : []), ...named, `export default /* @__PURE__ */ ${load};`].join('\n');
}

const HELPERS = [
  'const later = (get) => new Proxy(function () {}, { construct: (_, args) => Reflect.construct(get(), args) });',
  `const unlessMade = (draw) => {
    if (process.getBuiltinModule('node:v8').startupSnapshot.isBuildingSnapshot()) throw new Error('Something is drawn at random while the snapshot is made');
    return draw;
  };`,
];

/** One that is only ever called, so that its module is loaded when that happens: no class, and nothing hangs on it. */
function isPlainFunction(value) {
  return typeof value === 'function' && /^[a-z]/u.test(value.name) && Reflect.ownKeys(value).every((key) => ['length', 'name', 'prototype'].includes(key));
}

function packages({ inSnapshot }) {
  return {
    name: 'packages',
    setup(esbuild) {
      esbuild.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
        const isBundled = kind === 'entry-point' || isBuiltin(path) || BUNDLED.some((name) => path === name || path.startsWith(`${name}/`));
        if (isBundled) return undefined;
        return inSnapshot ? { path, namespace: 'outside' } : { path, external: true };
      });
      // A snapshot's own require knows builtins only.
      esbuild.onLoad({ filter: /./, namespace: 'outside' }, ({ path }) => ({ contents: `module.exports = process.getBuiltinModule('node:module').createRequire(process.argv[1])(${JSON.stringify(path)});` }));
    },
  };
}
