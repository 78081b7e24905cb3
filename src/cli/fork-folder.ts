import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { secretNames } from '../policy/agent-secrets.ts';
import type { AgentManifest } from '../protocol/agent/manifest.ts';
import { NanosError } from '../protocol/errors.ts';
import type { JournalReader } from '../recording/journal-reader.ts';
import { RunStore } from '../recording/run-store.ts';

/** Whether the run was brought here, and its manifest is a stranger's word: imports and exports carry their module, and a file may stand anywhere. */
export function isRecordedElsewhere(reader: JournalReader, data: string): boolean {
  return dirname(reader.file) !== new RunStore(data).folder || reader.module() !== undefined;
}

/**
 * The folder in which a fork's agent may work, absolute, links resolved; undefined: the recorded one. A manifest reaches no further than the folder that it is in,
 * but a recording could name any: for one from elsewhere, who types the command names it. Such a one starts no programs and is given no secrets. Throws `forbidden`, `usage`, `folder_unreadable`.
 */
export function forkFolder(reader: JournalReader, manifest: AgentManifest, { data, folder }: { readonly data: string; readonly folder?: string | undefined }): string | undefined {
  const isElsewhere = isRecordedElsewhere(reader, data);
  if (isElsewhere) refuseMeans(manifest);
  if (folder !== undefined) return realFolder(folder);
  if (!isElsewhere) return undefined;
  throw new NanosError('usage', 'The run was recorded elsewhere: name the folder that its agent may work in with --folder DIR');
}

/** Throws `usage` for a run that may only be forked here. */
export function requireRecordedHere(reader: JournalReader, data: string): void {
  if (isRecordedElsewhere(reader, data)) throw new NanosError('usage', 'The run was recorded elsewhere, and does not go on here: fork it with nanos replay RUN --at STEP --folder DIR');
}

function refuseMeans({ mcpServers, model }: AgentManifest): void {
  const programs = mcpServers.flatMap(({ command }) => command ?? []);
  if (programs.length > 0) throw new NanosError('forbidden', `The run was recorded elsewhere, and its manifest starts programs: ${programs.join(', ')}. Run the agent from a manifest of your own`);
  const references = [...mcpServers.flatMap(({ env, headers }) => [...Object.values(env), ...Object.values(headers)]), ...(model?.apiKey === undefined ? [] : [model.apiKey])];
  const secrets = references.flatMap(secretNames);
  if (secrets.length > 0) throw new NanosError('forbidden', `The run was recorded elsewhere, and its manifest asks for secrets: ${secrets.join(', ')}. Run the agent from a manifest of your own`);
}

function realFolder(folder: string): string {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw new NanosError('folder_unreadable', `${folder} is no folder`);
  return realpathSync(folder);
}
