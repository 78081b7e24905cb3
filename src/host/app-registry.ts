/** Every app of the host: from configuration over the builder to the cells. One change of an app at a time. */
import { dirname } from 'node:path';
import { bindingFaces, deniedBindings, effectiveBindings, tokenCapOf } from '../policy/app-bindings.ts';
import { deniedHosts, effectiveEgress } from '../policy/app-egress.ts';
import { describeDenied, effectiveLimits } from '../policy/app-limits.ts';
import type { AppConfig, AppDeployment, BuildInput } from '../protocol/app.ts';
import type { AppBindings } from '../protocol/bindings/binding-kinds.ts';
import type { TokenCap } from '../protocol/bindings/token-cap.ts';
import type { AppRefusal } from '../protocol/cell-messages.ts';
import { NanosError, toErrorData } from '../protocol/errors.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';
import type { OperatorPolicy } from '../protocol/operator.ts';
import type { BuildResult } from '../apps/artefact/build-result.ts';
import { maskError } from '../apps/run/mask-error.ts';
import { maskOf } from '../apps/run/mask-of.ts';
import { newRecord, type AppRecord } from './app-record.ts';

/** An app that has behaved for this long since it was last held back starts anew. */
const FORGIVEN_MS = 10 * 60_000;

export interface AppBuilder {
  reuse(config: AppConfig): Promise<BuildResult | undefined>;
  build(config: AppConfig, options: { startupMsMax: number; memoryMbMax: number }): Promise<BuildResult>;
}

export interface AppCells {
  deploy(deployment: AppDeployment): Promise<void>;
  refuse(refusal: AppRefusal): Promise<void>;
  remove(name: string): Promise<void>;
  quarantine(name: string, forMs: number): Promise<void>;
}

export interface AppRegistryOptions {
  readonly builder: AppBuilder;
  readonly dev: boolean;
  event(level: 'info' | 'warn' | 'error', event: string, app: string, fields: { message?: string } & Record<string, unknown>): void;
  /** directories whose changes may change the app */
  watch(record: AppRecord, directories: ReadonlySet<string>): void;
}

export class AppRegistry {
  readonly #options: AppRegistryOptions;
  readonly #records = new Map<string, AppRecord>();
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #warned = new Set<string>();
  #policy: OperatorPolicy;
  #cells: AppCells | undefined;
  #lastVersion = 0;

  constructor(policy: OperatorPolicy, options: AppRegistryOptions) {
    this.#policy = policy;
    this.#options = options;
  }

  /** From now on changes go to the cells. */
  connect(cells: AppCells): void {
    this.#cells = cells;
  }

  setPolicy(policy: OperatorPolicy): void {
    this.#policy = policy;
  }

  get records(): AppRecord[] {
    return [...this.#records.values()];
  }

  find(name: string): AppRecord | undefined {
    return this.#records.get(name);
  }

  /** What stands behind an app's bindings now; undefined: there is no such app. */
  grantsOf(app: string): { bindings: AppBindings; tokens: TokenCap } | undefined {
    const config = this.#records.get(app)?.config;
    return config === undefined ? undefined : { bindings: effectiveBindings(config, this.#policy), tokens: tokenCapOf(app, this.#policy) };
  }

  /** What a new cell serves. */
  get deployments(): AppDeployment[] {
    return this.records.flatMap(({ deployment }) => deployment ?? []);
  }

  /** Apps without a version, and what their requests are told. */
  get refusals(): AppRefusal[] {
    return this.records.filter(({ deployment }) => deployment === undefined).map(refusalOf);
  }

  /** Enters an app whose earlier build still holds; no process is needed for that. Returns whether it did. */
  async admitBuilt(config: AppConfig, source: AppRecord['source']): Promise<boolean> {
    const record = newRecord(config, source);
    this.#records.set(config.name, record);
    const built = await this.#options.builder.reuse(config);
    if (built !== undefined) await this.#put(record, config, built);
    return built !== undefined;
  }

  /**
   * Builds the app as `config` says and swaps it in. On failure the version before goes on serving, `record.error` says why, and this rejects.
   */
  serve(config: AppConfig, source: AppRecord['source']): Promise<AppRecord> {
    return this.#inTurn(config.name, async () => {
      const record = this.#records.get(config.name) ?? newRecord(config, source);
      this.#records.set(config.name, record);
      try {
        await this.#put(record, config, await this.#build(record, config));
        return record;
      } catch (error) {
        const failure = this.#failed(record, config, error);
        throw error instanceof NanosError ? failure : error;
      }
    });
  }

  async #build(record: AppRecord, config: AppConfig): Promise<BuildResult> {
    if (record.deployment === undefined) {
      record.state = 'building';
      await this.#cells?.refuse(refusalOf(record));
    }
    const reused = await this.#options.builder.reuse(config);
    return reused ?? this.#buildAnew(config);
  }

  #buildAnew(config: AppConfig): Promise<BuildResult> {
    const { startupMsMax, memoryMbMax } = effectiveLimits(config.limits, this.#policy, config.name);
    return this.#options.builder.build(config, { startupMsMax, memoryMbMax });
  }

  async #put(record: AppRecord, config: AppConfig, built: BuildResult): Promise<void> {
    this.#warn(config, built);
    const before = record.deployment;
    const after = this.#deploymentOf(config, built);
    const unchanged = before !== undefined && JSON.stringify({ ...before, version: 0 }) === JSON.stringify({ ...after, version: 0 });
    if (!unchanged) await this.#deploy(record, config, built);
    record.config = config;
    record.state = 'ready';
    record.error = undefined;
    this.#options.watch(record, directoriesOf(config, built.inputs));
  }

  async #deploy(record: AppRecord, config: AppConfig, built: BuildResult): Promise<void> {
    const before = record.deployment;
    const deployment = { ...this.#deploymentOf(config, built), version: ++this.#lastVersion };
    record.deployment = deployment;
    try {
      await this.#cells?.deploy(deployment);
    } catch (error) {
      record.deployment = before;
      throw error;
    }
    record.strikes = 0;
    record.quarantinedUntilMs = 0;
    if (record.source === 'folder') record.version++;
    this.#options.event('info', 'app_serving', config.name, { deployment: deployment.version, road: built.artefact.road, bytes: built.artefact.bytes, reused: built.reused });
  }

  #deploymentOf(config: AppConfig, { artefact }: BuildResult): AppDeployment {
    const { name, hostnames, port, vars, secrets } = config;
    return {
      name,
      version: 0,
      artefact,
      hostnames,
      port,
      vars,
      secrets,
      limits: effectiveLimits(config.limits, this.#policy, name),
      egress: effectiveEgress(config.egress, this.#policy, name),
      bindings: bindingFaces(effectiveBindings(config, this.#policy)),
      dev: this.#options.dev,
    };
  }

  /** Returns the error without the app's secrets. */
  #failed(record: AppRecord, config: AppConfig, error: unknown): NanosError {
    const thrown = error instanceof NanosError ? error : new NanosError('internal', error instanceof Error ? error.message : String(error), { cause: error });
    const failure = maskError(thrown, maskOf(config));
    record.error = failure;
    record.state = record.deployment === undefined ? 'failed' : 'ready';
    if (record.deployment === undefined) void this.#cells?.refuse(refusalOf(record));
    const served = record.deployment === undefined ? 'nothing is served' : 'the version before goes on serving';
    this.#options.event('error', 'app_build_failed', config.name, { code: failure.code, message: failure.message, position: failure.position, served });
    this.#options.watch(record, new Set([config.folder, dirname(config.main)]));
    return failure;
  }

  #warn(config: AppConfig, built: BuildResult): void {
    const limits = effectiveLimits(config.limits, this.#policy, config.name);
    const warnings = [...config.warnings, ...built.warnings].map(({ file, line, message }) => `${file}:${line}: ${message}`);
    const egress = effectiveEgress(config.egress, this.#policy, config.name);
    const denied = deniedHosts(config.egress, egress).map((host) => `egress to ${host} is not granted by the operator`);
    for (const message of [...warnings, ...describeDenied(config.limits, limits), ...denied, ...deniedBindings(effectiveBindings(config, this.#policy))]) {
      if (this.#warned.has(`${config.name} ${message}`)) continue;
      this.#warned.add(`${config.name} ${message}`);
      this.#options.event('warn', 'app_config', config.name, { message: maskOf(config).text(message) });
    }
  }

  /** What that version was built to is damaged: builds it again. Several cells may say so of one version. */
  rebuild(name: string, version: number): Promise<void> {
    return this.#inTurn(name, async () => {
      const record = this.#records.get(name);
      if (record?.deployment?.version !== version) return;
      try {
        await this.#deploy(record, record.config, await this.#buildAnew(record.config));
      } catch (error) {
        this.#failed(record, record.config, error);
      }
    });
  }

  /** Stops serving an app. */
  remove(name: string): Promise<void> {
    return this.#inTurn(name, async () => {
      const record = this.#records.get(name);
      if (record === undefined) return;
      this.#records.delete(name);
      this.#options.watch(record, new Set());
      await this.#cells?.remove(name);
      this.#options.event('info', 'app_removed', name, {});
    });
  }

  /** The configuration of an app could not even be read: it goes on as it is, and says why. */
  refuse(name: string, error: NanosError): void {
    const record = this.#records.get(name);
    if (record !== undefined) this.#failed(record, record.config, error);
  }

  /** An app took a cell down: it is held back, longer each time. */
  async strike(name: string): Promise<void> {
    const record = this.#records.get(name);
    if (record === undefined) return;
    const nowMs = performance.now();
    if (nowMs - record.quarantinedUntilMs > FORGIVEN_MS) record.strikes = 0;
    const forMs = Math.min(HOST_LIMITS.quarantineMsMin * 2 ** record.strikes++, HOST_LIMITS.quarantineMsMax);
    record.quarantinedUntilMs = nowMs + forMs;
    this.#options.event('warn', 'app_quarantined', name, { for_ms: forMs });
    await this.#cells?.quarantine(name, forMs);
  }

  /** Apps held back now, and for how long still. */
  get quarantined(): { name: string; forMs: number }[] {
    const nowMs = performance.now();
    return this.records.flatMap(({ name, quarantinedUntilMs }) => (quarantinedUntilMs > nowMs ? [{ name, forMs: quarantinedUntilMs - nowMs }] : []));
  }

  #inTurn<T>(name: string, action: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(action, action);
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(name, settled);
    void settled.then(() => this.#turns.get(name) === settled && this.#turns.delete(name));
    return turn;
  }
}

function refusalOf({ state, config }: AppRecord): AppRefusal {
  const error =
    state === 'building'
      ? new NanosError('overloaded', 'The app is being built', { retryAfterS: 1 })
      : new NanosError('app_failed_to_start', 'The app could not be built');
  return { place: { name: config.name, hostnames: config.hostnames, port: config.port }, error: toErrorData(error) };
}

/**
 * Installed packages are not watched: they change by installation, which also changes a file beside them. Nor is the folder in which the app's own lies:
 * it changes with every other app there.
 */
function directoriesOf(config: AppConfig, inputs: readonly BuildInput[]): Set<string> {
  const directories = new Set([config.folder]);
  for (const path of [...config.configFiles, config.main, ...inputs.map((input) => input.path)]) {
    if (!path.includes('/node_modules/') && path !== config.folder) directories.add(dirname(path));
  }
  return directories;
}
