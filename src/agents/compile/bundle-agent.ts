import { build, type BuildOptions, type Plugin } from 'esbuild';
import { basename, dirname, join, resolve } from 'node:path';
import { stat } from 'node:fs/promises';
import { NanosError } from '../../protocol/errors.ts';
import { agentError, isBuildFailure } from './agent-error.ts';
import { AGENT_FILENAME } from './agent-filename.ts';
import { splitExports, isReferenced } from './bundle-exports.ts';
import { ON_DEMAND, ON_DEMAND_GLOBALS, sdkPlugin } from './sdk-plugin.ts';
import { stableSourceMap } from './stable-source-map.ts';

/** Of the bundled code. */
const CODE_BYTES_MAX = 16 * 1024 * 1024;

export interface AgentBundle {
  /** a script that defines the agent as the global async function `__nanosMain` */
  readonly script: string;
  /** JSON of a source map for `script`; sources are relative to the entry's folder */
  readonly sourceMap: string;
  /** names that the entry exports, sorted */
  readonly exports: readonly string[];
}

/** Bundles an agent without running any of its code. Throws entry_missing, build_failed, build_limit. */
export async function bundleAgent(entry: string): Promise<AgentBundle> {
  const file = resolve(entry);
  if (!(await isFile(file))) throw new NanosError('entry_missing', `There is no file ${entry}`);
  try {
    return await bundleFile(file);
  } catch (error) {
    throw isBuildFailure(error) ? agentError(error) : error;
  }
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

async function bundleFile(file: string): Promise<AgentBundle> {
  const specifier = JSON.stringify(`./${basename(file)}`);
  const { code, sourceMap } = await bundle(file, `export * from ${specifier}`);
  const { body, exported } = splitExports(code);
  const run = exported.get('run');
  const callsRun = run !== undefined && !(await runsItself(file, specifier, { body, run, names: [...exported.keys()] }));
  if (body.length > CODE_BYTES_MAX) throw new NanosError('build_limit', `The bundled agent has ${body.length} bytes; ${CODE_BYTES_MAX} are allowed`);
  return {
    script: `globalThis.__nanosMain=async function(){"use strict";\n${body}\n${callsRun ? `await ${run}();` : ''}}`,
    sourceMap: stableSourceMap(sourceMap),
    exports: [...exported.keys()].toSorted(),
  };
}

/**
 * Whether the agent calls the `run` that it exports, or hands it to something that may. The bundler knows: if nothing refers to `run`, leaving
 * out its export leaves it out. A `run` that can't be left out because its initial value is computed counts by its name.
 */
async function runsItself(file: string, specifier: string, { body, run, names }: { body: string; run: string; names: readonly string[] }): Promise<boolean> {
  const others = names.filter((name) => name !== 'run');
  const { code } = await bundle(file, `import ${specifier};${others.length === 0 ? '' : `export { ${others.join(', ')} } from ${specifier}`}`);
  return splitExports(code).body === body && isReferenced(body, run);
}

async function bundle(file: string, contents: string): Promise<{ code: string; sourceMap: string }> {
  const { outputFiles = [] } = await build({ ...options(dirname(file), contents), plugins: [entryPlugin(file), sdkPlugin] });
  const text = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  return { code: text('.js'), sourceMap: text('.map') };
}

function options(folder: string, contents: string): BuildOptions {
  return {
    stdin: { contents, resolveDir: folder, sourcefile: 'nanos:entry', loader: 'js' },
    absWorkingDir: folder,
    outfile: join(folder, AGENT_FILENAME),
    bundle: true,
    write: false,
    // Keeps `await` at top level: the script is the body of an async function.
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['nanos', 'worker'],
    target: 'es2023',
    charset: 'utf8',
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    inject: [ON_DEMAND],
    define: {
      'process.env.NODE_ENV': '"production"',
      'import.meta': '{}',
      global: 'globalThis',
      ...Object.fromEntries(ON_DEMAND_GLOBALS.map((name) => [`globalThis.${name}`, name])),
    },
    loader: { '.txt': 'text', '.md': 'text', '.html': 'text', '.sql': 'text' },
    logLevel: 'silent',
  };
}

/** An agent runs for what its entry does, whatever its package says about side effects. */
function entryPlugin(file: string): Plugin {
  return {
    name: 'nanos-entry',
    setup(build) {
      build.onResolve({ filter: /^\.\// }, ({ path, importer, resolveDir }) =>
        importer === 'nanos:entry' && join(resolveDir, path) === file ? { path: file, sideEffects: true } : undefined,
      );
    },
  };
}
