// Makes of dist/cli/main.js and all that it loads a few files in dist/command: a command starts in a fraction of the time that some 350 modules take to be found and read.
import { build } from 'esbuild';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, relative, sep } from 'node:path';
import process from 'node:process';

/** Packages that go into the bundle; others are loaded from node_modules when they are needed. */
const BUNDLED = ['@jridgewell', '@noble', 'commander', 'ipaddr.js', 'picomatch', 'yaml', 'zod'];

export async function bundleCommand(dist) {
  const { metafile } = await build({
    metafile: true,
    entryPoints: [join(dist, 'cli', 'main.js')],
    outdir: join(dist, 'command'),
    absWorkingDir: dist,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: 'warning',
    plugins: [ownPlaces(dist), builtins, packages],
  });
  writeFileSync(join(dist, 'command', 'licenses.txt'), licensesOf(packageFolders(dist, metafile)));
}

function packageFolders(dist, { inputs }) {
  const folders = Object.keys(inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(path)?.[0] ?? []);
  return [...new Set(folders)].toSorted().map((folder) => join(dist, folder));
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

/** A module in the bundle still finds the files beside its own. All files of the bundle are in one folder, one below dist. */
function ownPlaces(dist) {
  return {
    name: 'own-places',
    setup(esbuild) {
      esbuild.onLoad({ filter: /\.js$/ }, ({ path }) => {
        const contents = path.startsWith(dist + sep) ? readFileSync(path, 'utf8') : '';
        if (!contents.includes('import.meta.url')) return undefined;
        const place = `../${relative(dist, path).split(sep).join('/')}`;
        return { contents: contents.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`), loader: 'js' };
      });
    },
  };
}

/** Node.js makes a module with all exports of a builtin that is imported, and evaluates each: the streams of a terminal, too. Here only what is used is asked for, functions when they are called. */
const builtins = {
  name: 'builtins',
  setup(esbuild) {
    esbuild.onResolve({ filter: /./ }, ({ path, kind }) => (isBuiltin(path) ? { path, namespace: kind === 'require-call' ? 'required' : 'imported', sideEffects: false } : undefined));
    esbuild.onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({ contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});` }));
    esbuild.onLoad({ filter: /./, namespace: 'imported' }, ({ path }) => ({ contents: exportsOf(path) }));
  },
};

function exportsOf(path) {
  const builtin = process.getBuiltinModule(path);
  const names = Object.keys(builtin).filter((name) => name !== 'default' && /^[A-Za-z_]\w*$/u.test(name));
  const load = `process.getBuiltinModule(${JSON.stringify(path)})`;
  const named = names.map((name) => {
    const value = isPlainFunction(builtin[name]) ? `(...args) => ${load}.${name}(...args)` : `/* @__PURE__ */ get('${name}')`;
    return `const its_${name} = ${value}; export { its_${name} as ${name} };`;
  });
  return [`const get = (name) => ${load}[name];`, ...named, `export default /* @__PURE__ */ ${load};`].join('\n');
}

/** One that is only ever called, so that its module is loaded when that happens: no class, and nothing hangs on it. */
function isPlainFunction(value) {
  return typeof value === 'function' && /^[a-z]/u.test(value.name) && Reflect.ownKeys(value).every((key) => ['length', 'name', 'prototype'].includes(key));
}

const packages = {
  name: 'packages',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
      const isBundled = kind === 'entry-point' || isBuiltin(path) || BUNDLED.some((name) => path === name || path.startsWith(`${name}/`));
      return isBundled ? undefined : { path, external: true };
    });
  },
};
