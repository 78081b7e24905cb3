import { agentEgress } from '../policy/agent-network.ts';
import { parseFileRules } from '../policy/agent-files.ts';
import type { FileRules } from '../policy/agent-files.ts';
import { isLiteral } from '../policy/agent-secrets.ts';
import type { AgentManifest } from '../protocol/agent/manifest.ts';
import type { EgressPolicy } from '../protocol/app.ts';

/** What the operator says about an agent, whatever its manifest asks for. Paths are absolute, symbolic links resolved. */
export interface OperatorWord {
  /** the widest that a manifest can ask for, and the private ranges that it gets with it */
  readonly egress: EgressPolicy;
  /** files and folders that no glob opens: the data directory, whose journals and tokens are nobody's but the host's */
  readonly withheldPaths: readonly string[];
  /** files that no glob lets an agent write; its own manifest and module, through which it would grant itself more, are always among them */
  readonly readOnlyPaths: readonly string[];
  /** ends of names, in lower case, of files that no glob lets an agent write: manifests, through which it would grant another agent more */
  readonly readOnlySuffixes?: readonly string[] | undefined;
  /** tools that a person must approve, whatever the manifest says */
  readonly approve?: readonly string[] | undefined;
}

/** What an agent may do, settled for one run. */
export interface Grant {
  readonly manifest: AgentManifest;
  /** tools whose calls wait for a person's word */
  readonly approve: readonly string[];
  readonly read: FileRules;
  readonly write: FileRules;
  /** undefined: no network. One object a run: it names the run's connections */
  readonly egress: EgressPolicy | undefined;
  readonly withheldPaths: readonly string[];
  readonly readOnlyPaths: readonly string[];
  readonly readOnlySuffixes: readonly string[];
}

/** The manifest within the operator's word. */
export function settleGrant(manifest: AgentManifest, operator: OperatorWord): Grant {
  const { fsRead, fsWrite, network } = manifest.permissions;
  const own = [manifest.file, manifest.binary].filter((path) => path !== undefined);
  return {
    manifest: { ...manifest, tools: withModel(manifest) },
    approve: [...new Set([...manifest.approve, ...(operator.approve ?? [])])],
    read: parseFileRules('permissions.fs_read', fsRead),
    write: parseFileRules('permissions.fs_write', fsWrite),
    egress: agentEgress(network, operator.egress),
    withheldPaths: [...operator.withheldPaths, ...(manifest.file !== undefined && holdsSecrets(manifest) ? [manifest.file] : [])],
    readOnlyPaths: [...operator.readOnlyPaths, ...own],
    readOnlySuffixes: operator.readOnlySuffixes ?? [],
  };
}

/** `tools`, and the model: a manifest that names one, or runs the built-in agent, asks for its use. */
function withModel({ tools, binary, model }: AgentManifest): readonly string[] | undefined {
  if (tools === undefined || (binary !== undefined && model === undefined)) return tools;
  return [...new Set([...tools, 'llm_infer', 'llm_chat', 'llm_embed'])];
}

/** Whether the manifest's file itself has a secret in it, so that no agent may read it. */
function holdsSecrets({ model, mcpServers }: AgentManifest): boolean {
  const references = mcpServers.flatMap(({ env, headers }) => [...Object.values(env), ...Object.values(headers)]);
  return [...references, ...(model?.apiKey === undefined ? [] : [model.apiKey])].some(isLiteral);
}
