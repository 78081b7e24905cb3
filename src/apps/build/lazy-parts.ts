import { build, type OnLoadResult, type Plugin } from 'esbuild';
import { dirname, resolve } from 'node:path';

/** A folder `lazy` of the guest's sources is a part of its own, and its `index.ts` the only way into it, which exports functions and nothing else. */
const PART = /[\\/]lazy[\\/]index\.ts$/;
/** as esbuild writes them, at the start of a line and nowhere else */
const IMPORTS = /^import [^;]*? from "[^"]+";\n/gm;
const EXPORTS = /^export \{[^}]*\};\s*$/m;

/**
 * Wraps each lazy part in a function that runs at the first call of one of its exports. Until then V8 has only looked over the source, so the part
 * is in no snapshot. What it imports from elsewhere it shares with the rest of the script. Adds the sources it read to `inputs`.
 */
export function lazyParts(inputs: Set<string>): Plugin {
  return {
    name: 'lazy-parts',
    setup({ onLoad }) {
      onLoad({ filter: PART }, async ({ path }): Promise<OnLoadResult> => ({ contents: await deferred(path, inputs), loader: 'js', resolveDir: dirname(path) }));
    },
  };
}

async function deferred(entry: string, inputs: Set<string>): Promise<string> {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    outfile: 'part.js',
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    target: 'chrome124',
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [sharedOutside(dirname(entry))],
  });
  for (const path of Object.keys(metafile.inputs)) inputs.add(resolve(path));
  const names = Object.values(metafile.outputs).flatMap((output) => output.exports);
  return wrap(outputFiles[0]?.text ?? '', names);
}

/** Modules outside of the part stay imports, by their absolute path. */
function sharedOutside(folder: string): Plugin {
  return {
    name: 'shared-outside',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        // a package belongs to the part that imports it
        if (/[\\/]node_modules[\\/]/.test(resolveDir)) return undefined;
        const target = resolve(resolveDir, path);
        return target.startsWith(`${folder}/`) ? undefined : { path: target, external: true };
      });
    },
  };
}

function wrap(code: string, names: readonly string[]): string {
  const imports = code.match(IMPORTS) ?? [];
  const body = code.replaceAll(IMPORTS, '').replace(EXPORTS, '');
  return `${imports.join('')}
let part;
const load = () => (part ??= (() => {
${body}
return { ${names.join(', ')} };
})());
${names.map((name, index) => `const deferred${index} = (...values) => load().${name}(...values);`).join('\n')}
export { ${names.map((name, index) => `deferred${index} as ${name}`).join(', ')} };
`;
}
