/** Apps that were uploaded: their versions in the store, and the one that serves. */
import { readAppFolder } from '../apps/config/read-app-folder.ts';
import { NanosError } from '../protocol/errors.ts';
import type { AppClaims } from './app-claims.ts';
import type { AppRegistry } from './app-registry.ts';
import type { DeployedApp, DeployStore } from './deploy-store.ts';

export class AppUploads {
  readonly #registry: AppRegistry;
  readonly #claims: AppClaims;
  readonly #store: DeployStore;

  constructor(registry: AppRegistry, claims: AppClaims, store: DeployStore) {
    this.#registry = registry;
    this.#claims = claims;
    this.#store = store;
  }

  /** Serves a copy of the folder as a new version; resolves to the app's name. A version that doesn't build is not kept. */
  async deploy(folder: string, name: string | undefined): Promise<string> {
    const uploaded = await readAppFolder(folder, { name, confined: true });
    const { name: appName } = uploaded;
    if (this.#registry.find(appName)?.source === 'folder') throw new NanosError('app_clash', `${appName} is served from a folder of this host; give the upload another name`);
    this.#claims.refuseClash(uploaded, appName);
    const added = await this.#store.add(appName, folder);
    try {
      await this.#registry.serve(await readAppFolder(added.folder, { name: appName, confined: true }), 'deployed');
    } catch (error) {
      await this.#store.discard(appName, added.version);
      if (this.#registry.find(appName)?.deployment === undefined) await this.#registry.remove(appName);
      throw error;
    }
    await this.#store.activate(appName, added.version);
    return this.#nowServing(appName, added.version);
  }

  /** Serves an earlier version: the one before, when none is named. */
  async rollback(name: string, version: number | undefined): Promise<string> {
    const app = await this.#deployed(name);
    const target = version ?? app.versions.find((candidate) => candidate < app.current.version);
    if (target === undefined) throw new NanosError('not_found', `${name} has no version before ${app.current.version}`);
    const { folder } = await this.#store.activate(name, target);
    try {
      await this.#registry.serve(await readAppFolder(folder, { name, confined: true }), 'deployed');
    } catch (error) {
      await this.#store.activate(name, app.current.version);
      throw error;
    }
    return this.#nowServing(name, target);
  }

  async undeploy(name: string): Promise<void> {
    await this.#deployed(name);
    await this.#registry.remove(name);
    await this.#store.remove(name);
  }

  noteVersions(name: string, version: number, versions: readonly number[]): void {
    const record = this.#registry.find(name);
    if (record === undefined) return;
    record.version = version;
    record.versions = versions;
  }

  async #nowServing(name: string, version: number): Promise<string> {
    const app = await this.#store.get(name);
    this.noteVersions(name, version, app?.versions ?? []);
    return name;
  }

  async #deployed(name: string): Promise<DeployedApp> {
    if (this.#registry.find(name)?.source === 'folder') throw new NanosError('forbidden', `${name} is served from a folder: change or remove the folder instead`);
    const app = await this.#store.get(name);
    if (app === undefined) throw new NanosError('not_found', `There is no deployed app ${name}`);
    return app;
  }
}
