import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Argument, Command } from 'commander';
import { MODELS_FOLDER } from '../../host/models.ts';
import { ENGINE_FOLDER } from '../../llm/local/resolve-llama.ts';
import { modelFiles } from '../../llm/model-folder.ts';
import { modelInfo } from '../../llm/model-info.ts';
import type { ModelInfo } from '../../protocol/model.ts';
import { NanosError, toErrorData } from '../../protocol/errors.ts';
import type { CliIo } from '../cli-io.ts';
import { printJson } from '../print-json.ts';
import { printTable } from '../print-table.ts';
import { printable } from '../printable.ts';

interface ListOptions {
  readonly data: string;
  readonly json?: boolean;
}

/** tools/llama/install.mjs */
interface Installer {
  isLlamaInstalled(): boolean;
  installLlama(): Promise<void>;
}

interface ListedModel {
  readonly name: string;
  readonly path: string;
  readonly info: ModelInfo | undefined;
  readonly error: ReturnType<typeof toErrorData> | undefined;
}

const HELP = `
A host serves the model that comes with nanos, and every GGUF file in DATA/models by its name without .gguf.

install downloads about 100 MB with npm: llama.cpp, built for the CPU. For a graphics card, install node-llama-cpp with all its
optional packages into a node_modules above nanos instead.

Examples:
  nanos models
  nanos models list --data /srv/nanos --json
  nanos models install`;

export function modelsCommand(io: CliIo): Command {
  return new Command('models')
    .description('list local models, or install the engine that runs them')
    .addArgument(new Argument('[what]', 'what to do').choices(['list', 'install']).default('list'))
    .option('--data <dir>', 'data directory whose models are listed', '.nanos')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action((what: string, options: ListOptions) => (what === 'install' ? install(io) : list(options, io)));
}

async function install(io: CliIo): Promise<void> {
  const file = join(ENGINE_FOLDER, 'install.mjs');
  if (!existsSync(file)) throw new NanosError('model_engine_missing', `This copy of nanos is not complete: there is no ${file}`);
  const { isLlamaInstalled, installLlama }: Installer = await import(pathToFileURL(file).href);
  if (isLlamaInstalled()) return void io.stderr.write('The engine of local models is installed already\n');
  io.stderr.write('Installing the engine of local models: a download of about 100 MB\n');
  await installLlama().catch((cause: unknown) => {
    throw new NanosError('model_engine_missing', cause instanceof Error ? cause.message : String(cause), { cause });
  });
  io.stderr.write('Installed\n');
}

async function list({ data, json }: ListOptions, io: CliIo): Promise<void> {
  const models = await Promise.all((await modelFiles(join(data, MODELS_FOLDER))).map(inspect));
  io.stdout.write(json === true ? printJson(models.map(asJson), 2) : printable(table(models)));
}

async function inspect({ name, path }: { name: string; path: string }): Promise<ListedModel> {
  try {
    return { name, path, info: await modelInfo(path, name), error: undefined };
  } catch (error) {
    return { name, path, info: undefined, error: toErrorData(error) };
  }
}

function asJson({ name, path, info, error }: ListedModel): object {
  return info === undefined ? { name, path, error } : { ...info, path };
}

function table(models: readonly ListedModel[]): string {
  const rows = models.map(({ name, path, info }) => (info === undefined ? [name, '-', '-', '-', '-', path] : [name, millions(info.parameters), info.quantization, String(info.contextTokens), megabytes(info.bytes), path]));
  const errors = models.flatMap(({ error }) => (error === undefined ? [] : [`\n${error.message}\n`]));
  return printTable(['NAME', 'PARAMETERS', 'TYPE', 'CONTEXT', 'SIZE', 'FILE'], rows) + errors.join('');
}

function millions(parameters: number): string {
  return parameters >= 1e9 ? `${(parameters / 1e9).toFixed(1)} B` : `${(parameters / 1e6).toFixed(1)} M`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
