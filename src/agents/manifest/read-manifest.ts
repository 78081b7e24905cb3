import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { DEFAULT_AGENT_BUDGETS } from '../../protocol/agent-limits.ts';
import type { AgentBudgets, AgentManifest, McpServerRequest, ModelRequest } from '../../protocol/agent/manifest.ts';
import { checkDocument } from '../../protocol/documents/check-document.ts';
import type { ConfigDocument } from '../../protocol/documents/config-document.ts';
import { parseYaml } from '../../protocol/documents/parse-yaml.ts';
import { readConfigFile } from '../../protocol/documents/read-config-file.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { isMissing } from '../../util/file-error.ts';
import { isInside } from '../../util/is-inside.ts';
import { SecretShelf } from './secret-shelf.ts';
import { manifestSchema } from './manifest-schema.ts';
import type { WrittenManifest } from './manifest-schema.ts';

export interface ReadManifest {
  readonly manifest: AgentManifest;
  /** absolute path of the manifest, links resolved */
  readonly file: string;
  /** secrets that the manifest holds itself, by the name that stands for them in `manifest`; they never leave this process but where they are used */
  readonly literals: ReadonlyMap<string, string>;
}

/**
 * A `.nano` file. Paths in it are relative to the folder that it is in.
 * Throws `config_invalid` with file, line and column, `path_escape` for a binary outside of the folder, `folder_unreadable`.
 */
export async function readManifest(path: string): Promise<ReadManifest> {
  const typed = resolve(path);
  const text = await readConfigFile(typed);
  const folder = await realpath(dirname(typed));
  const file = await realpath(typed);
  const document = parseYaml(typed, text);
  const written = checkDocument(manifestSchema, document);
  const binary = written.binary === undefined ? undefined : await findBinary(folder, written.binary, document);
  const shelf = new SecretShelf();
  return { manifest: { ...toManifest(written, folder, binary, shelf), file }, file, literals: shelf.literals };
}

function toManifest(written: WrittenManifest, folder: string, binary: string | undefined, shelf: SecretShelf): AgentManifest {
  const { permissions } = written;
  return {
    name: written.name,
    folder,
    goal: written.goal ?? '',
    binary,
    model: written.model === undefined ? undefined : toModel(written.model, folder, shelf),
    budgets: toBudgets(written.resources ?? {}),
    permissions: { fsRead: permissions.fs_read ?? [], fsWrite: permissions.fs_write ?? [], network: permissions.network ?? false },
    mcpServers: (written.mcp_servers ?? []).map((server) => toMcpServer(server, shelf)),
    tools: written.tools,
    approve: written.approve ?? [],
    agents: written.agents ?? [],
    sharedMemory: written.shared_memory,
  };
}

function toModel(written: NonNullable<WrittenManifest['model']>, folder: string, shelf: SecretShelf): ModelRequest {
  return {
    provider: written.provider,
    modelName: written.model_name,
    path: written.path === undefined ? undefined : resolve(folder, written.path),
    embeddingModel: embeddingModel(written, folder),
    contextWindow: written.context_window,
    apiUrl: written.api_url,
    apiKey: written.api_key === undefined ? undefined : shelf.secret('model.api_key', written.api_key),
  };
}

/** A local one that looks like a file is one. */
function embeddingModel({ provider, embedding_model: model }: NonNullable<WrittenManifest['model']>, folder: string): string | undefined {
  return provider === 'local' && model?.endsWith('.gguf') === true ? resolve(folder, model) : model;
}

function toBudgets(written: NonNullable<WrittenManifest['resources']>): AgentBudgets {
  const defaults = DEFAULT_AGENT_BUDGETS;
  const fuelMax = written.fuel ?? defaults.fuelMax;
  return {
    memoryBytesMax: written.memory ?? defaults.memoryBytesMax,
    stepsMax: written.max_steps ?? defaults.stepsMax,
    fuelMax,
    fuelPerResumeMax: written.fuel_per_resume ?? (fuelMax < defaults.fuelPerResumeMax ? fuelMax : defaults.fuelPerResumeMax),
    wallMsMax: written.wall ?? defaults.wallMsMax,
    tokensMax: written.tokens === undefined ? defaults.tokensMax : Number(written.tokens),
  };
}

function toMcpServer(written: NonNullable<WrittenManifest['mcp_servers']>[number], shelf: SecretShelf): McpServerRequest {
  const place = `mcp_servers.${written.name}`;
  return {
    name: written.name,
    command: written.command,
    args: written.args ?? [],
    env: shelf.settings(`${place}.env`, written.env ?? {}),
    url: written.url,
    headers: shelf.settings(`${place}.headers`, written.headers ?? {}),
    tools: written.tools,
  };
}

/** A regular file below the folder, also after following symbolic links: what an operator lets run is what is in the folder. */
async function findBinary(folder: string, binary: string, document: ConfigDocument): Promise<string> {
  const fail = (code: ErrorCode, message: string) => new NanosError(code, `binary ${message}`, { position: document.locate(['binary'], 'value') });
  const path = join(folder, binary);
  if (isAbsolute(binary) || !isInside(folder, path)) throw fail('path_escape', "must be a path below the manifest's folder");
  const real = await realpath(path).catch((error: unknown) => {
    throw isMissing(error) ? fail('config_invalid', `${binary} does not exist below ${folder}; make it with nanos compile`) : error;
  });
  if (!isInside(folder, real)) throw fail('path_escape', `${binary} is a link that leads out of the manifest's folder; copy the file there`);
  if (!(await stat(real)).isFile()) throw fail('config_invalid', `${binary} is not a regular file`);
  return real;
}
