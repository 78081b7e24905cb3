import type { OnLoadResult, PartialMessage, Plugin } from 'esbuild';
import { readFile, stat } from 'node:fs/promises';
import { extname, relative } from 'node:path';
import type { BuildInput, ModuleRule } from '../../protocol/app.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { noRule } from './build-error.ts';
import { BUILD_LIMITS } from './build-limits.ts';
import { mayImport } from './may-import.ts';
import { moduleRules, type ModuleType } from './module-rules.ts';

export interface LoadPluginOptions {
  /** real path */
  readonly folder: string;
  /** see AppConfig */
  readonly confined: boolean;
  readonly rules: readonly ModuleRule[];
  /** paths of imported .wasm files in the order of their indices; grows */
  readonly wasmFiles: string[];
  /** every file that was read, by path, as it was just before; grows */
  readonly inputs: Map<string, BuildInput>;
}

/** Guards every file before it is read, and loads those that are no JavaScript. */
export function loadPlugin(options: LoadPluginOptions): Plugin {
  const typeOf = moduleRules(options.folder, options.rules);
  return {
    name: 'nanos',
    setup(build) {
      build.onLoad({ filter: /.*/, namespace: 'file' }, async ({ path }) => (await refuse(path, options)) ?? load(path, typeOf(path), options));
    },
  };
}

async function refuse(path: string, { folder, confined, inputs }: LoadPluginOptions): Promise<OnLoadResult | undefined> {
  const shown = relative(folder, path);
  if (!mayImport(folder, path, confined)) {
    return failure('path_escape', `${shown} lies outside the app's folder: move it in, or install it as a package`);
  }
  const { size, mtimeMs, isFile } = await describeFile(path);
  if (!isFile) return failure('build_failed', `${shown} is not a regular file`);
  inputs.set(path, { path, size, mtimeMs });
  return overLimits(inputs);
}

async function describeFile(path: string): Promise<{ size: number; mtimeMs: number; isFile: boolean }> {
  const stats = await stat(path);
  return { size: stats.size, mtimeMs: stats.mtimeMs, isFile: stats.isFile() };
}

function overLimits(inputs: ReadonlyMap<string, BuildInput>): OnLoadResult | undefined {
  const { inputsMax, inputBytesMax } = BUILD_LIMITS;
  if (inputs.size > inputsMax) return failure('build_limit', `The app imports more than ${inputsMax} files`);
  let bytes = 0;
  for (const { size } of inputs.values()) bytes += size;
  return bytes > inputBytesMax ? failure('build_limit', `The files that the app imports are larger than ${inputBytesMax} bytes together`) : undefined;
}

async function load(path: string, type: ModuleType | undefined, options: LoadPluginOptions): Promise<OnLoadResult | undefined> {
  switch (type) {
    case 'Text':
      return { contents: await readFile(path), loader: 'text' };
    case 'Json':
      return { contents: await readFile(path), loader: 'json' };
    case 'Data':
      return { contents: dataModule(await readFile(path, 'base64')), loader: 'js' };
    case 'CompiledWasm':
      return { contents: `export default __nanos("module",${wasmIndex(path, options.wasmFiles)})`, loader: 'js' };
    case 'ESModule':
    case 'CommonJS':
      return scriptModule(path);
    case undefined:
      return extname(path) === '.css' ? failure('build_failed', noRule(relative(options.folder, path), '.css')) : undefined;
  }
}

/** A rule that says "this is JavaScript" matters only for names that don't say so themselves. */
async function scriptModule(path: string): Promise<OnLoadResult | undefined> {
  return /^\.[cm]?[jt]sx?$/u.test(extname(path)) ? undefined : { contents: await readFile(path), loader: 'js' };
}

function dataModule(base64: string): string {
  return `const text=atob("${base64}"),bytes=new Uint8Array(text.length);for(let i=0;i<text.length;i++)bytes[i]=text.charCodeAt(i);export default bytes.buffer`;
}

function wasmIndex(path: string, wasmFiles: string[]): number {
  const known = wasmFiles.indexOf(path);
  return known >= 0 ? known : wasmFiles.push(path) - 1;
}

/** Errors without a location get that of the import. */
function failure(code: ErrorCode, text: string): OnLoadResult {
  const message: PartialMessage = { text, detail: code };
  return { errors: [message] };
}
