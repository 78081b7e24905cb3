/** The operator's policy: what `nanos.yaml` (or `--config FILE`) says, checked and with every default filled in. */
import { z } from 'zod';
import { NAMED_RANGES, parseRange } from './address-range.ts';
import type { AgentBudgets } from './agent/manifest.ts';
import { SYSCALLS, type SyscallKind } from './agent/syscalls.ts';
import { AGENT_BUDGETS_MAX, DEFAULT_AGENT_BUDGETS, PAGE_BYTES } from './agent-limits.ts';
import type { EgressPolicy, Json } from './app.ts';
import { bindingGrantsSchema, type BindingGrant } from './bindings/binding-kinds.ts';
import { DEFAULT_TOKEN_CAP, tokenCapSchema, type TokenCap } from './bindings/token-cap.ts';
import { canonicalHost, canonicalHostPattern, isAppName } from './hostname.ts';
import { DEFAULT_APP_LIMITS, HOST_LIMITS } from './limits.ts';
import type { AppLimits, AppLimitsRequest } from './limits.ts';
import { parseSize } from './parse-size.ts';
import { LIMIT_KEYS, LIMIT_NAMES, writtenLimitsSchema } from './written-limits.ts';

/** Egress for one app; what is undefined is as for every app. */
interface EgressGrant {
  readonly hosts: readonly string[] | undefined;
  readonly privateRanges: readonly string[] | undefined;
}

/** The operator's word about one app, by its name. */
export interface TenantGrant {
  /** exactly this, and no more, unless the app asks for less */
  readonly limits: AppLimitsRequest;
  readonly egress: EgressGrant;
  /** by their names in `env` */
  readonly bindings: Readonly<Record<string, BindingGrant>>;
  /** undefined: as every app */
  readonly tokens: TokenCap | undefined;
}

/** One entry of `apps`. What is undefined is as the folder says. */
export interface OperatorApp {
  /** as written; relative to the operator's file */
  readonly path: string;
  readonly name: string | undefined;
  readonly hostnames: readonly string[] | undefined;
  readonly port: number | undefined;
  /** values may still hold `${NAME}` */
  readonly env: Readonly<Record<string, Json>>;
  readonly grant: TenantGrant;
}

/** The operator's word about all agents. What is undefined is the host's to choose. */
export interface AgentsGrant {
  /** of manifests that may be run: absolute, or relative to the operator's file until it has been read */
  readonly folder: string | undefined;
  readonly threads: number | undefined;
  /** what a manifest can get by asking */
  readonly limitsMax: AgentBudgets;
  readonly egress: EgressPolicy;
  /** names of memories that agents may have in common */
  readonly sharedMemories: readonly string[];
  /** tools that a person must approve, whatever a manifest says */
  readonly approve: readonly string[];
  /** recordings that are kept */
  readonly runs: { readonly kept: number | undefined; readonly bytes: number | undefined; readonly days: number | undefined };
}

/** How the host runs its local models. What is undefined is the host's to choose. */
export interface ModelsSettings {
  /** of the engine */
  readonly threadsMax: number | undefined;
  /** of one conversation, whatever a manifest asks for */
  readonly contextTokensMax: number | undefined;
  /** without a call, before the process ends */
  readonly idleMsMax: number | undefined;
}

/** How cells are to be confined besides Node's permission model. */
export interface SecondWallWish {
  /** the host does not start where a part is not to be had */
  readonly isRequired: boolean;
  /** whom cells run as when the host was started as root; undefined: nobody */
  readonly user: string | undefined;
}

export interface OperatorPolicy {
  readonly host: string | undefined;
  readonly controlPort: number | undefined;
  readonly appsPort: number | undefined;
  readonly cells: number | undefined;
  /** resident memory of each cell; undefined: by what the machine has */
  readonly cellMemoryBytes: number | undefined;
  readonly dataDir: string | undefined;
  readonly graceMs: number | undefined;
  readonly apps: readonly OperatorApp[];
  /** what an app gets that asks for nothing */
  readonly limits: AppLimits;
  /** what an app can get by asking; nowhere below `limits` */
  readonly limitsMax: AppLimits;
  readonly egress: EgressPolicy;
  /** of each app */
  readonly tokens: TokenCap;
  /** canonical names that the control plane answers to besides its own */
  readonly allowedHosts: readonly string[];
  /** variables of the host's environment that `env` of an entry of `apps` may name */
  readonly secretNames: readonly string[];
  readonly tenants: ReadonlyMap<string, TenantGrant>;
  readonly agents: AgentsGrant;
  readonly models: ModelsSettings;
  readonly secondWall: SecondWallWish;
}

export const APP_NAME_RULE = 'must be one DNS label: a–z, 0–9 and hyphens, not at its ends, at most 63 characters';

/** Text that `parse` turns into something else, or refuses with `rule`. */
function parsed<T>(parse: (text: string) => T | undefined, rule: string) {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: rule });
    return z.NEVER;
  });
}

const text = z.string().min(1, 'must not be empty');
export const hostnameSchema = parsed(canonicalHost, 'must be a host name, without a scheme, path or wildcard');
export const hostPatternSchema = parsed(canonicalHostPattern, 'must be a host name, or "*." and a host name, without a port');
export const appPortSchema = z.int().min(1).max(65_535);
export const envSchema = z.record(z.string(), z.json());
const listenPort = z.int().min(0).max(65_535);
const appName = z.string().refine(isAppName, APP_NAME_RULE);
const secretName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable');
const memoryName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/, 'must be 1 to 64 letters, digits, spaces and . _ -, the first a letter or digit');
const addressRange = parsed(parseRange, `must be a CIDR range or one of ${Object.keys(NAMED_RANGES).join(', ')}`);

const egressSchema = z
  .strictObject({ hosts: z.array(hostPatternSchema).optional(), private: z.array(addressRange).optional() })
  .transform((written): EgressGrant => ({ hosts: written.hosts, privateRanges: written.private?.flat() }));

const NO_EGRESS_GRANT: EgressGrant = { hosts: undefined, privateRanges: undefined };

const grantKeys = {
  limits: writtenLimitsSchema.optional(),
  egress: egressSchema.optional(),
  bindings: bindingGrantsSchema.optional(),
  tokens: tokenCapSchema.optional(),
};

function tenantGrant({ limits = {}, egress = NO_EGRESS_GRANT, bindings = {}, tokens }: { [K in keyof typeof grantKeys]?: z.infer<(typeof grantKeys)[K]> }): TenantGrant {
  return { limits, egress, bindings, tokens };
}

const appSchema = z
  .strictObject({
    path: text,
    name: appName.optional(),
    hostname: hostnameSchema.optional(),
    hostnames: z.array(hostnameSchema).optional(),
    port: appPortSchema.optional(),
    env: envSchema.optional(),
    ...grantKeys,
  })
  .transform(
    (written): OperatorApp => ({
      path: written.path,
      name: written.name,
      hostnames: mergeHostnames(written.hostname, written.hostnames),
      port: written.port,
      env: written.env ?? {},
      grant: tenantGrant(written),
    }),
  );

const tenantSchema = z.strictObject(grantKeys).transform(tenantGrant);

function size(bytesMax: number, granuleBytes = 1) {
  const parse = (written: string): number | undefined => {
    const bytes = parseSize(written);
    return bytes !== undefined && bytes >= granuleBytes && bytes <= bytesMax && bytes % granuleBytes === 0 ? bytes : undefined;
  };
  return parsed(parse, `must be a size such as "512MB"${granuleBytes === 1 ? '' : `, a whole number of ${granuleBytes} bytes`}, at most ${bytesMax} bytes`);
}

const cellMemory = parsed((written) => {
  const bytes = parseSize(written);
  return bytes === undefined || bytes < HOST_LIMITS.cellMemoryBytesMin ? undefined : bytes;
}, 'must be a size such as "4GB", at least 256 MB');

const fuel = z
  .int()
  .min(1)
  .max(Number(AGENT_BUDGETS_MAX.fuelMax))
  .transform((written) => BigInt(written));

const agentLimitsSchema = z
  .strictObject({
    memory: size(AGENT_BUDGETS_MAX.memoryBytesMax, PAGE_BYTES).optional(),
    max_steps: z.int().min(1).max(AGENT_BUDGETS_MAX.stepsMax).optional(),
    fuel: fuel.optional(),
    fuel_per_resume: fuel.optional(),
    wall_ms: z.int().min(1).max(AGENT_BUDGETS_MAX.wallMsMax).optional(),
    tokens: z.int().min(1).max(AGENT_BUDGETS_MAX.tokensMax).optional(),
  })
  .transform(
    (written): AgentBudgets => ({
      memoryBytesMax: written.memory ?? DEFAULT_AGENT_BUDGETS.memoryBytesMax,
      stepsMax: written.max_steps ?? DEFAULT_AGENT_BUDGETS.stepsMax,
      fuelMax: written.fuel ?? DEFAULT_AGENT_BUDGETS.fuelMax,
      fuelPerResumeMax: written.fuel_per_resume ?? DEFAULT_AGENT_BUDGETS.fuelPerResumeMax,
      wallMsMax: written.wall_ms ?? DEFAULT_AGENT_BUDGETS.wallMsMax,
      tokensMax: written.tokens ?? DEFAULT_AGENT_BUDGETS.tokensMax,
    }),
  );

const TOOLS: readonly string[] = Object.values(SYSCALLS).flatMap((kind: SyscallKind) => kind.tool ?? []);

const agentsSchema = z
  .strictObject({
    folder: text.optional(),
    threads: z.int().min(1).max(64).optional(),
    limits_max: agentLimitsSchema.optional(),
    egress: egressSchema.optional(),
    shared_memories: z.array(memoryName).max(256).optional(),
    approve: z.array(z.enum(TOOLS)).max(256).optional(),
    runs: z
      .strictObject({ kept: z.int().min(0).max(1_000_000).optional(), bytes: size(Number.MAX_SAFE_INTEGER).optional(), days: z.int().min(1).max(36_500).optional() })
      .optional(),
  })
  .transform(
    (written): AgentsGrant => ({
      folder: written.folder,
      threads: written.threads,
      limitsMax: written.limits_max ?? DEFAULT_AGENT_BUDGETS,
      egress: { hosts: written.egress?.hosts, privateRanges: written.egress?.privateRanges ?? [] },
      sharedMemories: written.shared_memories ?? [],
      approve: written.approve ?? [],
      runs: { kept: written.runs?.kept, bytes: written.runs?.bytes, days: written.runs?.days },
    }),
  );

const modelsSchema = z
  .strictObject({
    threads_max: z.int().min(1).max(1_024).optional(),
    context_tokens_max: z.int().min(64).max(16_777_216).optional(),
    idle_ms: z.int().min(1_000).max(86_400_000).optional(),
  })
  .transform((written): ModelsSettings => ({ threadsMax: written.threads_max, contextTokensMax: written.context_tokens_max, idleMsMax: written.idle_ms }));

const userName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, 'must be the name of a user of this machine');

const secondWallSchema = z
  .union([z.literal('require'), z.strictObject({ require: z.boolean().optional(), user: userName.optional() })])
  .transform((written): SecondWallWish => (written === 'require' ? { isRequired: true, user: undefined } : { isRequired: written.require ?? false, user: written.user }));

/** The file as written (snake_case keys, human spellings) → OperatorPolicy. Every key is optional; an unknown one is an error. */
export const operatorFileSchema = z
  .strictObject({
    host: text.optional(),
    port: listenPort.optional(),
    apps_port: listenPort.optional(),
    cells: z.int().min(1).max(1_024).optional(),
    cell_memory: cellMemory.optional(),
    data: text.optional(),
    grace_ms: z.int().min(0).max(3_600_000).optional(),
    apps: z.array(appSchema).optional(),
    limits: writtenLimitsSchema.optional(),
    limits_max: writtenLimitsSchema.optional(),
    egress: egressSchema.optional(),
    tokens: tokenCapSchema.optional(),
    allowed_hosts: z.array(hostnameSchema).optional(),
    secrets: z.array(secretName).optional(),
    tenants: z.record(appName, tenantSchema).optional(),
    agents: agentsSchema.optional(),
    models: modelsSchema.optional(),
    second_wall: secondWallSchema.optional(),
  })
  .transform((written, context): OperatorPolicy => {
    const limits = overlay(DEFAULT_APP_LIMITS, written.limits ?? {});
    for (const key of limitsBelow(written.limits_max ?? {}, limits)) {
      const message = `must not be below the limit of every app, ${limits[key]}; lower it under limits, too`;
      context.addIssue({ code: 'custom', path: ['limits_max', LIMIT_KEYS[key]], message });
    }
    return {
      host: written.host,
      controlPort: written.port,
      appsPort: written.apps_port,
      cells: written.cells,
      cellMemoryBytes: written.cell_memory,
      dataDir: written.data,
      graceMs: written.grace_ms,
      apps: written.apps ?? [],
      limits,
      limitsMax: overlay(limits, written.limits_max ?? {}),
      egress: { hosts: written.egress?.hosts, privateRanges: written.egress?.privateRanges ?? [] },
      tokens: written.tokens ?? DEFAULT_TOKEN_CAP,
      allowedHosts: written.allowed_hosts ?? [],
      secretNames: written.secrets ?? [],
      tenants: new Map(Object.entries(written.tenants ?? {})),
      agents: written.agents ?? agentsSchema.parse({}),
      models: written.models ?? modelsSchema.parse({}),
      secondWall: written.second_wall ?? { isRequired: false, user: undefined },
    };
  });

/** What holds when there is no operator's file. */
export function defaultOperatorPolicy(): OperatorPolicy {
  return operatorFileSchema.parse({});
}

/** `base` with the limits that `request` names. */
function overlay(base: AppLimits, request: AppLimitsRequest): AppLimits {
  const limits = { ...base };
  for (const key of LIMIT_NAMES) limits[key] = request[key] ?? base[key];
  return limits;
}

/** Both spellings may be used at once; undefined when neither is. */
export function mergeHostnames(one: string | undefined, several: readonly string[] | undefined): readonly string[] | undefined {
  if (one === undefined && several === undefined) return undefined;
  return [...new Set([...(one === undefined ? [] : [one]), ...(several ?? [])])];
}

function limitsBelow(ceiling: AppLimitsRequest, limits: AppLimits): (keyof AppLimits)[] {
  return LIMIT_NAMES.filter((key) => (ceiling[key] ?? Infinity) < limits[key]);
}
