import { build, type BuildFailure, type BuildOptions, type Message } from 'esbuild';
import { join, relative, sep } from 'node:path';
import { readFile } from 'node:fs/promises';
import type { AppConfig, BuildInput, ConfigWarning } from '../../protocol/app.ts';
import { NanosError } from '../../protocol/errors.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { importMemories } from '../../sandbox/wasm/import-memories.ts';
import { buildError } from './build-error.ts';
import { BUILD_LIMITS } from './build-limits.ts';
import { appScript } from './app-script.ts';
import { entryPlugin } from './entry-plugin.ts';
import { loadPlugin } from './load-plugin.ts';

export interface WasmFile {
  /** relative to the app's folder */
  readonly file: string;
  readonly bytes: Uint8Array;
}

export interface Bundle {
  /** what runs in the isolate; see app-script.ts */
  readonly script: string;
  /** JSON of a source map for `script`; sources relative to the folder */
  readonly sourceMap: string;
  readonly awaits: boolean;
  /** imported modules by the index that the script asks for; their content is not checked */
  readonly wasm: readonly WasmFile[];
  readonly inputs: readonly BuildInput[];
  readonly warnings: readonly ConfigWarning[];
}

type Source = Pick<AppConfig, 'folder' | 'main' | 'rules' | 'vars' | 'confined'>;

const noTopLevelAwait = 'Top-level await is currently not supported with the "iife" output format';

/** Bundles an app without running any of its code. Throws build_failed, build_limit, path_escape. */
export async function bundleApp(app: Source): Promise<Bundle> {
  const isModule = await exportsDefault(app);
  const first = await bundle(app, isModule, []);
  const sorted = first.wasmFiles.toSorted();
  const stable = sorted.every((path, index) => path === first.wasmFiles[index]);
  const { wasmFiles, inputs, ...output } = stable ? first : await bundle(app, isModule, sorted);
  const script = appScript({ bundle: output.code, awaits: output.awaits, globals: isModule ? undefined : JSON.stringify(app.vars) });
  const wasm = await readWasm(app.folder, wasmFiles);
  checkSize(script.length + wasm.reduce((sum, { bytes }) => sum + bytes.length, 0));
  return { ...output, script, sourceMap: shiftedByOneLine(output.sourceMap), wasm, inputs };
}

interface Output {
  readonly code: string;
  readonly sourceMap: string;
  readonly awaits: boolean;
  readonly wasmFiles: readonly string[];
  readonly inputs: readonly BuildInput[];
  readonly warnings: readonly ConfigWarning[];
}

async function bundle(app: Source, isModule: boolean, wasmOrder: readonly string[]): Promise<Output> {
  try {
    return await bundleAs('iife', app, isModule, wasmOrder);
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    if (!error.errors.every(({ text }) => text === noTopLevelAwait)) throw buildError({ ...error, errors: error.errors.filter(({ text }) => text !== noTopLevelAwait) });
  }
  try {
    return await bundleAs('esm', app, isModule, wasmOrder);
  } catch (error) {
    throw isBuildFailure(error) ? buildError(error) : error;
  }
}

async function bundleAs(format: 'iife' | 'esm', app: Source, isModule: boolean, wasmOrder: readonly string[]): Promise<Output> {
  const wasmFiles = [...wasmOrder];
  const inputs = new Map<string, BuildInput>();
  const plugin = loadPlugin({ folder: app.folder, confined: app.confined, rules: app.rules, wasmFiles, inputs });
  const { outputFiles, warnings } = await build({ ...bundleOptions(app, isModule), format, write: false, plugins: [entryPlugin({ ...app, specifier: importSpecifier(app) }), plugin] });
  const text = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  return {
    code: text('.js').trimEnd(),
    sourceMap: text('.map'),
    awaits: format === 'esm',
    wasmFiles,
    inputs: [...inputs.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    warnings: warnings.map((warning) => toWarning(app.folder, warning)),
  };
}

function bundleOptions({ folder, main }: Source, isModule: boolean): BuildOptions {
  const specifier = JSON.stringify(importSpecifier({ folder, main }));
  const contents = isModule ? `import * as app from ${specifier};__nanos("app",app)` : `import ${specifier}`;
  return {
    stdin: { contents, resolveDir: folder, sourcefile: 'nanos:entry', loader: 'js' },
    absWorkingDir: folder,
    outfile: join(folder, 'app.js'),
    bundle: true,
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    // V8 12.4
    target: 'chrome124',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: true,
    define: { 'process.env.NODE_ENV': '"production"', 'import.meta': '{}' },
    logLevel: 'silent',
    logOverride: { 'unsupported-dynamic-import': 'warning' },
  };
}

function importSpecifier({ folder, main }: Pick<Source, 'folder' | 'main'>): string {
  return `./${relative(folder, main).split(sep).join('/')}`;
}

/** Module syntax is what exports `default`; anything else is a service worker, as in wrangler. */
async function exportsDefault({ folder, main, rules, confined }: Source): Promise<boolean> {
  const plugin = loadPlugin({ folder, confined, rules, wasmFiles: [], inputs: new Map() });
  try {
    const options = { absWorkingDir: folder, bundle: false, write: false, metafile: true, format: 'esm', logLevel: 'silent' } as const;
    const { metafile } = await build({ ...options, entryPoints: [main], outfile: join(folder, 'main.js'), plugins: [entryPlugin({ folder, main, specifier: main }), plugin] });
    return Object.values(metafile.outputs).some(({ exports }) => exports.includes('default'));
  } catch (error) {
    throw isBuildFailure(error) ? buildError(error) : error;
  }
}

async function readWasm(folder: string, files: readonly string[]): Promise<WasmFile[]> {
  const { wasmModulesMax } = BUILD_LIMITS;
  if (files.length > wasmModulesMax) throw new NanosError('build_limit', `The app imports ${files.length} WebAssembly modules; ${wasmModulesMax} are allowed`);
  const modules: WasmFile[] = [];
  for (const file of files) modules.push(withMemoriesImported({ file: relative(folder, file), bytes: await readFile(file) }));
  return modules;
}

/** So that isolates make their memories, within their limits. */
function withMemoriesImported({ file, bytes }: WasmFile): WasmFile {
  try {
    return { file, bytes: importMemories(bytes) };
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
    const message = error.code === 'module_invalid' ? 'The file is not a valid WebAssembly module' : error.message;
    throw new NanosError('build_failed', message, { position: { file }, cause: error });
  }
}

function checkSize(bytes: number): void {
  const { bundleBytesMax } = HOST_LIMITS;
  if (bytes > bundleBytesMax) throw new NanosError('build_limit', `The bundled app has ${bytes} bytes; ${bundleBytesMax} are allowed`);
}

function shiftedByOneLine(sourceMap: string): string {
  const map = JSON.parse(sourceMap) as { mappings: string };
  return JSON.stringify({ ...map, mappings: `;${map.mappings}` });
}

function toWarning(folder: string, { text, location }: Message): ConfigWarning {
  return { file: location === null ? folder : join(folder, location.file), line: location?.line ?? 1, message: text };
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}
