import { readManifest } from '../agents/manifest/read-manifest.ts';
import { expandSecrets, secretLookup, secretNames } from '../policy/agent-secrets.ts';
import type { AgentManifest, SecretReference } from '../protocol/agent/manifest.ts';

/** What a run on the command line may know of secrets. */
export interface RunSecrets {
  /** to be masked */
  readonly values: readonly string[];
  /** Throws `config_invalid` where one is missing. */
  expand(reference: SecretReference): string;
}

/** Whoever types the command lends the variables that the manifest names. `literals`: what the manifest holds itself. */
export function runSecrets(manifest: AgentManifest, literals: ReadonlyMap<string, string>, environment: Readonly<Record<string, string | undefined>>): RunSecrets {
  const servers = manifest.mcpServers.flatMap(({ env, headers }) => [...Object.values(env), ...Object.values(headers)]);
  const references = manifest.model?.apiKey === undefined ? servers : [...servers, manifest.model.apiKey];
  const names = references.flatMap(secretNames);
  const lookup = secretLookup(literals, names, environment);
  return { values: [...literals.values(), ...names.flatMap((name) => lookup(name) ?? [])], expand: (reference) => expandSecrets(reference, lookup) };
}

/** Secrets that a recorded manifest's file holds, as long as it is there: the recording knows them by reference only. */
export function recordedLiterals({ file }: AgentManifest): Promise<ReadonlyMap<string, string>> {
  if (file === undefined) return Promise.resolve(new Map());
  return readManifest(file).then(
    ({ literals }) => literals,
    () => new Map(),
  );
}
