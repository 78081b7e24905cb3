import { basename, join, resolve } from 'node:path';
import type { AppConfig, ConfigWarning } from '../../protocol/app.ts';
import { quoted } from '../../protocol/documents/config-document.ts';
import type { ConfigDocument } from '../../protocol/documents/config-document.ts';
import { parseJsonc } from '../../protocol/documents/parse-jsonc.ts';
import { parseToml } from '../../protocol/documents/parse-toml.ts';
import { parseYaml } from '../../protocol/documents/parse-yaml.ts';
import { CONFIG_BYTES_MAX, readConfigFile } from '../../protocol/documents/read-config-file.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { SourcePosition } from '../../protocol/errors.ts';
import { isAppName } from '../../protocol/hostname.ts';
import { APP_NAME_RULE } from '../../protocol/operator.ts';
import { appNano } from './app-nano.ts';
import { findEntry } from './find-entry.ts';
import { ACCEPTED, listAppFolder } from './list-app-folder.ts';
import type { AppFolderListing, ConfigName } from './list-app-folder.ts';
import { parseDotenv } from './parse-dotenv.ts';
import { wrangler } from './wrangler.ts';
import { NOTHING_WRITTEN } from './written-config.ts';
import type { WrittenConfig } from './written-config.ts';

interface ConfigFormat {
  readonly parse: (file: string, text: string) => ConfigDocument;
  readonly read: (document: ConfigDocument) => WrittenConfig;
  readonly bytesMax: number;
}

/** Tenants can make a YAML parser work for 10 µs a byte. */
const YAML_BYTES_MAX = 64 * 1024;

const FORMATS: Readonly<Record<ConfigName, ConfigFormat>> = {
  'wrangler.jsonc': { parse: parseJsonc, read: wrangler, bytesMax: CONFIG_BYTES_MAX },
  'wrangler.json': { parse: parseJsonc, read: wrangler, bytesMax: CONFIG_BYTES_MAX },
  'wrangler.toml': { parse: parseToml, read: wrangler, bytesMax: CONFIG_BYTES_MAX },
  'app.nano': { parse: parseYaml, read: appNano, bytesMax: YAML_BYTES_MAX },
};

/** What is decided elsewhere than in the folder. */
export interface FolderOverrides {
  readonly name?: string | undefined;
  /** see AppConfig */
  readonly confined?: boolean;
}

/**
 * Reads an app's folder: its configuration file (wrangler.jsonc, wrangler.json, wrangler.toml or app.nano, the first that is there), else what its file names say, and `.dev.vars`.
 * Nothing outside of the folder's real path is read. Throws NanosError, with the place in the file where there is one.
 */
export async function readAppFolder(folder: string, overrides: FolderOverrides = {}): Promise<AppConfig> {
  return readListedFolder(await listAppFolder(folder), overrides);
}

/** The same for a folder that was just listed. */
export async function readListedFolder(listing: AppFolderListing, overrides: FolderOverrides = {}): Promise<AppConfig> {
  const { root } = listing;
  const document = await configDocumentOf(listing);
  const written = document === undefined ? NOTHING_WRITTEN : document.written;
  const devVars = listing.hasDevVars ? join(root, '.dev.vars') : undefined;
  return {
    name: overrides.name ?? appName(listing, written.name, document?.positionOf('name')),
    folder: root,
    path: resolve(listing.folder),
    main: await findEntry(root, entryName(listing, written.main, document?.file), document?.positionOf('main')),
    hostnames: written.hostnames,
    port: written.port,
    vars: written.vars,
    secrets: devVars === undefined ? {} : parseDotenv(devVars, await readConfigFile(devVars, { folder: root })),
    limits: written.limits,
    rules: written.rules,
    egress: written.egress,
    bindings: written.bindings,
    crons: written.crons,
    confined: overrides.confined ?? false,
    configFiles: [document?.file, devVars].filter((file) => file !== undefined),
    warnings: [...written.warnings, ...ignoredConfigs(listing)],
  };
}

interface ReadDocument {
  readonly file: string;
  readonly written: WrittenConfig;
  readonly positionOf: (key: string) => SourcePosition;
}

async function configDocumentOf({ root, configs: [name] }: AppFolderListing): Promise<ReadDocument | undefined> {
  if (name === undefined) return undefined;
  const file = join(root, name);
  const { parse, read, bytesMax } = FORMATS[name];
  const document = parse(file, await readConfigFile(file, { folder: root, bytesMax }));
  return { file, written: read(document), positionOf: (key) => document.locate([key], 'value') };
}

function ignoredConfigs({ root, configs: [used, ...ignored] }: AppFolderListing): ConfigWarning[] {
  return ignored.map((name) => ({ file: join(root, name), line: 1, message: `${name} is ignored, as ${used ?? ''} is used` }));
}

function appName({ folder }: AppFolderListing, written: string | undefined, position: SourcePosition | undefined): string {
  if (written !== undefined) {
    if (isAppName(written)) return written;
    throw new NanosError('app_name_invalid', `The name ${quoted(written)} of the app in ${folder} ${APP_NAME_RULE}`, { position });
  }
  const name = basename(folder).toLowerCase();
  if (isAppName(name)) return name;
  throw new NanosError('app_name_invalid', `The app in ${folder} has no name in its configuration, and the folder's name ${APP_NAME_RULE}`);
}

function entryName({ folder, bareEntry }: AppFolderListing, written: string | undefined, file: string | undefined): string {
  const entry = written ?? bareEntry;
  if (entry !== undefined) return entry;
  if (file === undefined) throw new NanosError('folder_empty', `There is no app in ${folder}; an app has ${ACCEPTED}`);
  throw new NanosError('entry_missing', `${file} has no main, and there is no index, worker or src/index in ${folder}`, { position: { file } });
}
