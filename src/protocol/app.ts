/** What the rooms say to each other about an app: its configuration as read, its artefact as built, and what a cell is told to serve. */
import type { BindingFace, BindingRequest } from './bindings/binding-kinds.ts';
import type { AppLimits, AppLimitsRequest } from './limits.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface ConfigWarning {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** How files of certain names are imported: wrangler's `rules`. Globs are relative to the folder. */
export interface ModuleRule {
  readonly type: 'ESModule' | 'CommonJS' | 'Text' | 'Data' | 'CompiledWasm' | 'Json';
  readonly globs: readonly string[];
}

/** A folder's configuration: a request by the tenant, not yet what it gets. All paths absolute and real. */
export interface AppConfig {
  readonly name: string;
  readonly folder: string;
  /** the folder as it was named: may lead through a link, whose name is then the app's */
  readonly path: string;
  /** entry file, inside the folder */
  readonly main: string;
  /** canonical (see protocol/hostname.ts), besides `<name>.localhost` */
  readonly hostnames: readonly string[];
  readonly port: number | undefined;
  readonly vars: Readonly<Record<string, Json>>;
  /** from `.dev.vars`; never in an artefact or a log */
  readonly secrets: Readonly<Record<string, string>>;
  readonly limits: AppLimitsRequest;
  readonly rules: readonly ModuleRule[];
  /** hosts (canonical, or `*.suffix`) that the app asks to reach; undefined: any public address */
  readonly egress: readonly string[] | undefined;
  /** by their names in `env` */
  readonly bindings: Readonly<Record<string, BindingRequest>>;
  /** patterns of cron triggers, all of which can be read */
  readonly crons: readonly string[];
  /** uploaded: packages of folders above its own are the host's, not the app's */
  readonly confined: boolean;
  /** the files that this was read from; a change to one means reading again */
  readonly configFiles: readonly string[];
  readonly warnings: readonly ConfigWarning[];
}

/** An input of a build, as it was then: when size and time still match, the artefact still holds. */
export interface BuildInput {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** How an app starts: from a snapshot that holds its evaluated code, or from the API snapshot by running its script with V8's code cache. */
export type Road = 'snapshot' | 'script';

/** A built app on disk. The file is trusted only while its SHA-256 is `sha256`. */
export interface Artefact {
  readonly key: string;
  readonly file: string;
  readonly sha256: string;
  readonly road: Road;
  /** event types the app handles: 'fetch', 'scheduled' */
  readonly handlers: readonly string[];
  readonly bytes: number;
  /** source map file beside it */
  readonly sourceMap: string;
}

/** Where an app is reached. */
export interface AppPlace {
  readonly name: string;
  readonly hostnames: readonly string[];
  readonly port: number | undefined;
}

/** What a cell serves under one app name; everything in it has passed the operator's policy. */
export interface AppDeployment extends AppPlace {
  /** rises with every swap; a cell never goes back */
  readonly version: number;
  readonly artefact: Artefact;
  readonly vars: Readonly<Record<string, Json>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly limits: AppLimits;
  readonly egress: EgressPolicy;
  /** by their names in `env`; what stands behind them stays with the supervisor */
  readonly bindings: Readonly<Record<string, BindingFace>>;
  /** shows source-mapped stacks to clients */
  readonly dev: boolean;
}

/** Decided by the operator; see policy/egress.ts. */
export interface EgressPolicy {
  /** canonical hosts or `*.suffix`; undefined: any */
  readonly hosts: readonly string[] | undefined;
  /** CIDR ranges outside the public internet that may be reached */
  readonly privateRanges: readonly string[];
}
