import { build, transform, type OnLoadResult, type Plugin } from 'esbuild';
import { dirname, relative, resolve } from 'node:path';
import { Packer } from '../../protocol/boundary.ts';

/** A folder `lazy` of the guest's sources is a part of its own, and its `index` the only way into it, which exports functions and nothing else. */
const PART = /[\\/]lazy[\\/]index\.[jt]s$/;
/** as esbuild writes them, at the start of a line and nowhere else */
const IMPORTS = /^import ([^;]*?) from "[^"]+";\n/gm;
const EXPORTS = /^export \{[^}]*\};\s*$/m;
const TARGET = 'chrome124';

/** How a part's function is told from what esbuild puts around it. */
const ASSIGNMENT = 'part=';
const PART_MESSAGE = 1;

export interface LazyPartsOptions {
  /** parts are named by their place below this folder */
  readonly root: string;
  /** the script's name in stacks */
  readonly filename: string;
  /** path of the module that exports `openPart` and `callPart`, as src/guest/kernel/lazy-parts.ts does */
  readonly opener: string;
  /** folder of modules without a state: a part has its own copy of what it imports from there */
  readonly stateless?: string | undefined;
}

/** What {@link lazyParts} takes out of a bundle. */
export class LazyParts {
  /** the sources it read */
  readonly inputs = new Set<string>();
  readonly root: string;
  readonly filename: string;
  readonly opener: string;
  readonly stateless: string | undefined;
  readonly #texts = new Map<string, string>();

  constructor({ root, filename, opener, stateless }: LazyPartsOptions) {
    this.root = root;
    this.filename = filename;
    this.opener = opener;
    this.stateless = stateless;
  }

  add(name: string, text: string): void {
    this.#texts.set(name, text);
  }

  /** Names and texts, as the guest takes them. */
  pack(): string {
    const packer = new Packer();
    const sorted = [...this.#texts].toSorted(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, text] of sorted) packer.begin(PART_MESSAGE, 2).field(name).field(text);
    return packer.take();
  }
}

/**
 * Takes each lazy part out of the bundle. Its source becomes a text of its own, the bundle keeps functions that have the guest open the part at the
 * first call of one of its exports. What it imports from elsewhere it shares with the rest of the script, as it is at that call.
 */
export function lazyParts(parts: LazyParts): Plugin {
  return {
    name: 'lazy-parts',
    setup({ onLoad }) {
      onLoad({ filter: PART }, async ({ path }): Promise<OnLoadResult> => ({ contents: await takeOut(path, parts), loader: 'js', resolveDir: dirname(path) }));
    },
  };
}

async function takeOut(entry: string, parts: LazyParts): Promise<string> {
  const { code, names } = await bundlePart(entry, parts);
  const imports = [...code.matchAll(IMPORTS)];
  const shared = imports.flatMap(([, clause = '']) => localNames(clause));
  const name = relative(parts.root, dirname(dirname(entry)));
  parts.add(name, await partText(code, shared, names, parts.filename));
  return standIn({ name, imports: imports.map(([line]) => line), shared, names, opener: parts.opener });
}

async function bundlePart(entry: string, { inputs, stateless }: LazyParts): Promise<{ code: string; names: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    outfile: 'part.js',
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: TARGET,
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [sharedOutside([dirname(entry), ...(stateless === undefined ? [] : [stateless])])],
  });
  for (const path of Object.keys(metafile.inputs)) inputs.add(resolve(path));
  return { code: outputFiles[0]?.text ?? '', names: Object.values(metafile.outputs).flatMap((output) => output.exports) };
}

/** Modules outside of the part's folders stay imports, by their absolute path. */
function sharedOutside(folders: readonly string[]): Plugin {
  const isInside = (path: string): boolean => folders.some((folder) => path.startsWith(`${folder}/`));
  return {
    name: 'shared-outside',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        // a package belongs to the part that imports it
        if (!isInside(`${resolveDir}/`)) return undefined;
        const target = resolve(resolveDir, path);
        return isInside(target) ? undefined : { path: target, external: true };
      });
    },
  };
}

/** `{ a, b as c }` → a, c · `* as d` → d */
function localNames(clause: string): string[] {
  const bindings = clause.replaceAll(/[{}]/gu, '').split(',');
  return bindings.map((binding) => binding.trim().split(' as ').at(-1) ?? '').filter((name) => name !== '');
}

/** A function of what the part imports, that returns what it exports; as an expression, in parentheses so that V8 compiles it at once. */
async function partText(code: string, shared: readonly string[], names: readonly string[], filename: string): Promise<string> {
  const body = code.replaceAll(IMPORTS, '').replace(EXPORTS, '');
  const source = `${ASSIGNMENT}function(${shared.join(', ')}) { "use strict";\n${body}\nreturn { ${names.join(', ')} }; }`;
  const minified = await transform(source, { minify: true, target: TARGET, legalComments: 'none', logLevel: 'silent' });
  const text = minified.code.trim();
  if (!text.startsWith(`${ASSIGNMENT}function(`) || !text.endsWith('};')) throw new Error(`Not the text of a lazy part: ${text.slice(0, 80)}`);
  return `(${text.slice(ASSIGNMENT.length, -1)})\n//# sourceURL=${filename}`;
}

interface StandIn {
  readonly name: string;
  /** import statements */
  readonly imports: readonly string[];
  /** what they bind */
  readonly shared: readonly string[];
  readonly names: readonly string[];
  readonly opener: string;
}

/** The module that stands in the bundle where the part was. */
function standIn({ name, imports, shared, names, opener }: StandIn): string {
  return `${imports.join('')}
import { openPart as open, callPart as call } from ${JSON.stringify(opener)};
let part;
const load = () => (part ??= open(${[JSON.stringify(name), ...shared].join(', ')}));
${names.map((exported, index) => `const deferred${index} = (...values) => call(load().${exported}, undefined, values);`).join('\n')}
export { ${names.map((exported, index) => `deferred${index} as ${exported}`).join(', ')} };
`;
}
