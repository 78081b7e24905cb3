import { resolve } from 'node:path';
import type { AppConfig, Json } from '../../protocol/app.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { OperatorApp, OperatorPolicy, TenantGrant } from '../../protocol/operator.ts';
import { asFailure, sortOut } from './discover-apps.ts';
import type { AppFailure, DiscoveredApps } from './discover-apps.ts';
import { mapBounded } from './map-bounded.ts';
import { readAppFolder } from './read-app-folder.ts';

const FOLDERS_AT_ONCE = 32;
const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

export interface OperatorApps extends DiscoveredApps {
  /** the policy with what the entries grant under `tenants`, by the name that each app turned out to have */
  readonly policy: OperatorPolicy;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The apps of the policy's `apps` list; paths are relative to `baseDir`, the folder of the operator's file. Name, hostnames, port, env and limits of an entry
 * stand in place of the folder's. `${NAME}` in an entry's env is expanded from `environment` for the names listed under `secrets`, and what comes of it is a secret of the app;
 * a tenant's own files are never expanded.
 */
export async function appsFromOperator(policy: OperatorPolicy, baseDir: string, environment: Environment): Promise<OperatorApps> {
  const tenants = new Map(policy.tenants);
  const results = await mapBounded(policy.apps, FOLDERS_AT_ONCE, async (entry) => readEntry(policy, entry, resolve(baseDir, entry.path), environment));
  for (const [index, { grant }] of policy.apps.entries()) {
    const result = results[index];
    if (result !== undefined && !('error' in result)) tenants.set(result.name, mergeGrants(tenants.get(result.name), grant));
  }
  return { ...sortOut(results), policy: { ...policy, tenants } };
}

async function readEntry(policy: OperatorPolicy, entry: OperatorApp, folder: string, environment: Environment): Promise<AppConfig | AppFailure> {
  try {
    const config = await readAppFolder(folder, { name: entry.name });
    const { vars, secrets } = expandEnv(entry.env, policy.secretNames, environment);
    return {
      ...config,
      hostnames: entry.hostnames ?? config.hostnames,
      port: entry.port ?? config.port,
      vars: { ...config.vars, ...vars },
      secrets: { ...without(config.secrets, Object.keys(vars)), ...secrets },
      limits: { ...config.limits, ...defined(entry.grant.limits) },
    };
  } catch (error) {
    return asFailure(folder, error);
  }
}

function expandEnv(env: Readonly<Record<string, Json>>, names: readonly string[], environment: Environment) {
  const vars: Record<string, Json> = {};
  const secrets: Record<string, string> = {};
  for (const [key, value] of Object.entries(env)) {
    const expanded = typeof value === 'string' ? expand(value, names, environment) : value;
    if (typeof expanded === 'string' && expanded !== value) secrets[key] = expanded;
    else vars[key] = value;
  }
  return { vars, secrets };
}

/** `${NAME}` stays as it is when the operator did not list NAME. */
function expand(text: string, names: readonly string[], environment: Environment): string {
  return text.replaceAll(VARIABLE, (whole, name: string) => {
    if (!names.includes(name)) return whole;
    const value = environment[name];
    if (value === undefined) throw new NanosError('config_invalid', `${name} is listed under secrets but is not set in the host's environment`);
    return value;
  });
}

function without(record: Readonly<Record<string, string>>, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}

/** An entry of `apps` is the more particular word. */
function mergeGrants(general: TenantGrant | undefined, particular: TenantGrant): TenantGrant {
  if (general === undefined) return particular;
  return {
    limits: { ...general.limits, ...defined(particular.limits) },
    egress: {
      hosts: particular.egress.hosts ?? general.egress.hosts,
      privateRanges: particular.egress.privateRanges ?? general.egress.privateRanges,
    },
    bindings: { ...general.bindings, ...particular.bindings },
    tokens: particular.tokens ?? general.tokens,
  };
}

function defined(limits: TenantGrant['limits']): TenantGrant['limits'] {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
