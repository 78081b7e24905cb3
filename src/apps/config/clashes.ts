import type { AppConfig } from '../../protocol/app.ts';
import { NanosError } from '../../protocol/errors.ts';

/** Something that only one app can have. */
interface Claim {
  readonly key: string;
  readonly thing: string;
}

/**
 * One `app_clash` for each name, hostname or port that an app claims after another; `<name>.localhost` belongs to the app of that name.
 * The error's position is the later app's configuration, or its folder.
 */
export function findClashes(apps: readonly AppConfig[]): NanosError[] {
  const owners = new Map<string, AppConfig>();
  // names first: an app's own `<name>.localhost` comes before another's explicit claim to it
  const claims = [...apps.map((app) => ({ app, claims: nameClaims(app) })), ...apps.map((app) => ({ app, claims: addressClaims(app) }))];
  return claims.flatMap(({ app, claims: wanted }) => wanted.flatMap((claim) => claimFor(owners, app, claim)));
}

function claimFor(owners: Map<string, AppConfig>, app: AppConfig, { key, thing }: Claim): NanosError[] {
  const owner = owners.get(key) ?? app;
  owners.set(key, owner);
  return owner === app ? [] : [clash(thing, owner, app)];
}

function nameClaims({ name }: AppConfig): Claim[] {
  return [{ key: `host ${name}.localhost`, thing: `name ${name}` }];
}

function addressClaims({ hostnames, port }: AppConfig): Claim[] {
  const claims = hostnames.map((hostname) => ({ key: `host ${hostname}`, thing: `hostname ${hostname}` }));
  return port === undefined ? claims : [...claims, { key: `port ${port}`, thing: `port ${port}` }];
}

function clash(thing: string, owner: AppConfig, other: AppConfig): NanosError {
  const position = { file: other.configFiles[0] ?? other.folder };
  if (owner.folder === other.folder) return new NanosError('app_clash', `Folder ${owner.folder} is served twice with the ${thing}; change one`, { position });
  return new NanosError('app_clash', `Two apps have the ${thing}: ${owner.folder} and ${other.folder}; change one`, { position });
}
