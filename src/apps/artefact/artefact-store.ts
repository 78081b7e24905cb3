import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { AppConfig, Artefact } from '../../protocol/app.ts';
import { NanosError } from '../../protocol/errors.ts';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { ARTEFACT_MODE, decodeArtefact, DIGEST_BYTES, encodeArtefact, type ArtefactContent } from './artefact-file.ts';
import { inputsHold } from './build-inputs.ts';
import type { BuildResult } from './build-result.ts';

const INDEX_FORMAT = 1;

const artefactSchema = z.strictObject({
  key: z.string(),
  file: z.string(),
  sha256: z.string(),
  road: z.enum(['snapshot', 'script']),
  handlers: z.array(z.string()),
  bytes: z.number(),
  sourceMap: z.string(),
});

const entrySchema = z.strictObject({
  format: z.literal(INDEX_FORMAT),
  host: z.string(),
  config: z.string(),
  artefact: artefactSchema,
  inputs: z.array(z.strictObject({ path: z.string(), size: z.number(), mtimeMs: z.number() })),
  warnings: z.array(z.strictObject({ file: z.string(), line: z.number(), message: z.string() })),
});

/** Built apps on disk, by content; and which of them a folder came to last time. Files are private to the host, and the user of its cells. */
export class ArtefactStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get directory(): string {
    return this.#directory;
  }

  async open(): Promise<void> {
    await mkdir(join(this.#directory, 'index'), { recursive: true, mode: 0o700 });
  }

  async write(key: string, content: ArtefactContent, sourceMap: string): Promise<Artefact> {
    const { bytes, sha256 } = encodeArtefact(content);
    await writeFileAtomic(this.#sourceMapFile(key), sourceMap, ARTEFACT_MODE);
    await writeFileAtomic(this.#artefactFile(key), bytes, ARTEFACT_MODE);
    return this.#describe(key, content, bytes.length, sha256);
  }

  /** The intact artefact of that key, if there is one. */
  async find(key: string): Promise<Artefact | undefined> {
    try {
      const bytes = await readFile(this.#artefactFile(key));
      await stat(this.#sourceMapFile(key));
      const content = decodeArtefact(bytes, undefined);
      return this.#describe(key, content, bytes.length, bytes.subarray(-DIGEST_BYTES).toString('hex'));
    } catch (error) {
      if (error instanceof NanosError || isMissing(error)) return undefined;
      throw error;
    }
  }

  /**
   * What the app was built to before, when nothing has changed since; `host` is the hash of API script and engine.
   * Costs one small file, and a `stat` an input.
   */
  async reuse(config: AppConfig, host: string): Promise<BuildResult | undefined> {
    const entry = await this.#readEntry(config);
    if (entry === undefined || entry.host !== host || entry.config !== configHash(config)) return undefined;
    const { artefact, inputs, warnings } = entry;
    if (!(await inputsHold(inputs)) || !(await hasSize(artefact.file, artefact.bytes))) return undefined;
    return { artefact, inputs, warnings, reused: true };
  }

  async remember(config: AppConfig, host: string, { artefact, inputs, warnings }: BuildResult): Promise<void> {
    const entry = { format: INDEX_FORMAT, host, config: configHash(config), artefact, inputs, warnings };
    await writeFileAtomic(this.#entryFile(config), JSON.stringify(entry));
  }

  async #readEntry(config: AppConfig): Promise<z.infer<typeof entrySchema> | undefined> {
    try {
      return entrySchema.parse(JSON.parse(await readFile(this.#entryFile(config), 'utf8')));
    } catch {
      return undefined;
    }
  }

  #describe(key: string, { road, handlers }: ArtefactContent, bytes: number, sha256: string): Artefact {
    return { key, file: this.#artefactFile(key), sha256, road, handlers, bytes, sourceMap: this.#sourceMapFile(key) };
  }

  #artefactFile(key: string): string {
    return join(this.#directory, `${key}.nanos`);
  }

  #sourceMapFile(key: string): string {
    return join(this.#directory, `${key}.map`);
  }

  #entryFile({ folder, name }: AppConfig): string {
    return join(this.#directory, 'index', `${sha256Of(JSON.stringify([folder, name]))}.json`);
  }
}

/** What of a configuration goes into the bundle. Secrets never do. */
function configHash({ folder, main, rules, vars }: AppConfig): string {
  return sha256Of(JSON.stringify([folder, main, rules, vars]));
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function hasSize(file: string, bytes: number): Promise<boolean> {
  try {
    return (await stat(file)).size === bytes;
  } catch {
    return false;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
