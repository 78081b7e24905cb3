/** Where a host's apps come from: served folders, the operator's list, uploads. */
import { dirname, resolve } from 'node:path';
import { appsFromOperator, type OperatorApps } from '../apps/config/apps-from-operator.ts';
import { findClashes } from '../apps/config/clashes.ts';
import { discoverApps } from '../apps/config/discover-apps.ts';
import { readAppFolder } from '../apps/config/read-app-folder.ts';
import type { AppConfig } from '../protocol/app.ts';
import { NanosError } from '../protocol/errors.ts';
import type { OperatorPolicy } from '../protocol/operator.ts';
import type { DeployedApp, DeployStore } from './deploy-store.ts';

export interface SourceFailure {
  readonly folder: string;
  readonly error: NanosError;
}

export interface FoundApps {
  /** the operator's policy, with what its own list of apps grants */
  readonly policy: OperatorPolicy;
  readonly folders: readonly AppConfig[];
  readonly deployed: readonly { config: AppConfig; app: DeployedApp }[];
  readonly failures: readonly SourceFailure[];
  readonly clashes: readonly NanosError[];
}

export interface AppSourcesOptions {
  readonly folders: readonly string[];
  readonly policy: OperatorPolicy;
  /** of the operator's file; undefined when there is none */
  readonly configFile: string | undefined;
  readonly store: DeployStore;
}

export async function findApps({ folders, policy, configFile, store }: AppSourcesOptions): Promise<FoundApps> {
  const failures: SourceFailure[] = [];
  const configs: AppConfig[] = [];
  const fromOperator = await operatorApps(policy, configFile);
  configs.push(...fromOperator.apps);
  failures.push(...fromOperator.failures);
  for (const folder of folders) {
    const found = await discoverApps(resolve(folder));
    configs.push(...found.apps);
    failures.push(...found.failures);
  }
  const deployed = await deployedApps(store, failures);
  const unique = [...new Map(configs.map((config) => [`${config.folder}\n${config.name}`, config])).values()];
  const clashes = findClashes([...unique, ...deployed.map(({ config }) => config)]);
  return { policy: fromOperator.policy, folders: unique, deployed, failures, clashes };
}

/** The apps of the operator's own list; paths in it are relative to its file. */
export function operatorApps(policy: OperatorPolicy, configFile: string | undefined): Promise<OperatorApps> {
  return appsFromOperator(policy, configFile === undefined ? '.' : dirname(resolve(configFile)), process.env);
}

async function deployedApps(store: DeployStore, failures: SourceFailure[]): Promise<{ config: AppConfig; app: DeployedApp }[]> {
  const found: { config: AppConfig; app: DeployedApp }[] = [];
  for (const app of await store.list()) {
    try {
      found.push({ config: await readAppFolder(app.current.folder, { name: app.name, confined: true }), app });
    } catch (error) {
      failures.push({ folder: app.current.folder, error: error instanceof NanosError ? error : new NanosError('internal', String(error)) });
    }
  }
  return found;
}
