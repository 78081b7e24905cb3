/** What `nanos run` prints before an agent starts: everything that the manifest grants. */
import { isAbsolute, relative } from 'node:path';
import { secretNames } from '../../policy/agent-secrets.ts';
import { grantedTools } from '../../policy/agent-tools.ts';
import type { AgentBudgets, AgentManifest, McpServerRequest, ModelRequest, SecretReference } from '../../protocol/agent/manifest.ts';

const LINE_CHARACTERS_MAX = 400;
const MB = 1024 * 1024;
/** Controls, line and paragraph separators, and what changes the direction of text: a manifest must not be able to write over what is printed. */
const INVISIBLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** A line each, ready for a terminal. */
export function describeGrant(manifest: AgentManifest): string[] {
  const { permissions, folder } = manifest;
  const lines = [
    `agent      ${manifest.name}`,
    `runs       ${manifest.binary === undefined ? 'the built-in agent' : below(folder, manifest.binary)}`,
    ...(manifest.goal === '' ? [] : [`goal       ${manifest.goal}`]),
    `folder     ${folder}`,
    `reads      ${listed(permissions.fsRead)}`,
    `writes     ${listed(permissions.fsWrite)}`,
    `network    ${network(permissions.network)}`,
    `tools      ${manifest.tools === undefined ? 'all, within these permissions' : listed(grantedTools(manifest.tools))}`,
    ...(manifest.approve.length === 0 ? [] : [`asks       before each call of ${manifest.approve.join(', ')}`]),
    ...modelLines(manifest),
    ...(manifest.sharedMemory === undefined ? [] : [`memory     ${manifest.sharedMemory}, which other agents read and write`]),
    ...manifest.mcpServers.map((server) => `MCP        ${mcpServer(server)}`),
    ...manifest.agents.map((member) => `member     ${member.name}: ${member.goal}`),
    `limits     ${limits(manifest.budgets)}`,
  ];
  return lines.map(printable);
}

function printable(line: string): string {
  const visible = line.replaceAll(INVISIBLE, (character) => (character === '\n' ? ' ' : `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`));
  return visible.length > LINE_CHARACTERS_MAX ? `${visible.slice(0, LINE_CHARACTERS_MAX)}…` : visible;
}

function below(folder: string, path: string): string {
  const way = relative(folder, path);
  return way.startsWith('..') || isAbsolute(way) ? path : way;
}

function listed(items: readonly string[]): string {
  return items.length === 0 ? 'nothing' : items.join(', ');
}

function network(granted: AgentManifest['permissions']['network']): string {
  if (granted === true) return 'any public host';
  return granted === false || granted.length === 0 ? 'none' : granted.join(', ');
}

/** The built-in agent does nothing without a model. */
function modelLines({ model: asked, binary }: AgentManifest): string[] {
  if (asked !== undefined) return [`model      ${model(asked)}`];
  return binary === undefined ? ['model      the one that comes with nanos'] : [];
}

function model({ provider, modelName, path, embeddingModel, apiUrl, apiKey }: ModelRequest): string {
  const embeds = embeddingModel === undefined ? undefined : `(embeddings: ${embeddingModel})`;
  const what = [provider, modelName, path, embeds, apiUrl].filter((part) => part !== undefined).join(' ');
  return what + secrets(apiKey === undefined ? [] : [apiKey]);
}

function mcpServer({ name, command, args, env, url, headers, tools }: McpServerRequest): string {
  const what = command === undefined ? `connects to ${url ?? ''}` : `starts ${[command, ...args].join(' ')}`;
  const which = tools === undefined ? '' : `; tools: ${listed(tools)}`;
  return `${name}: ${what}${which}${secrets([...Object.values(env), ...Object.values(headers)])}`;
}

function secrets(references: readonly SecretReference[]): string {
  const names = [...new Set(references.flatMap(secretNames))];
  return names.length === 0 ? '' : `; secrets: ${names.join(', ')}`;
}

function limits({ memoryBytesMax, stepsMax, fuelMax, fuelPerResumeMax, wallMsMax, tokensMax }: AgentBudgets): string {
  const fuel = `${grouped(fuelMax)} fuel (${grouped(fuelPerResumeMax)} at a stretch)`;
  return `${memoryBytesMax / MB} MB, ${grouped(stepsMax)} steps, ${fuel}, ${grouped(wallMsMax / 1_000)} s, ${grouped(tokensMax)} tokens`;
}

/** Digits in threes. A run would be kept waiting for the first use of Intl. */
function grouped(value: number | bigint): string {
  return String(value).replaceAll(/(?<!\.\d*)\B(?=(?:\d{3})+(?!\d))/gu, ',');
}
