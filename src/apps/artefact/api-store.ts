import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { BuildInput } from '../../protocol/app.ts';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { pathFromHere } from '../../util/path-from-here.ts';
import { ARTEFACT_MODE } from './artefact-file.ts';
import { inputsHold } from './build-inputs.ts';
import { NanosError } from '../../protocol/errors.ts';

/** The snapshot that every isolate without one of its own starts from. */
export interface ApiSnapshot {
  readonly file: string;
  /** of the file, hex */
  readonly sha256: string;
  /** of API script, its lazy parts, engine and this very snapshot, hex: artefacts hold only together with these, V8's code caches among them */
  readonly hash: string;
  /** the API script */
  readonly scriptFile: string;
  /** texts of its lazy parts; `sha256` of the file, hex */
  readonly parts: { readonly file: string; readonly sha256: string };
}

const recordSchema = z.strictObject({
  format: z.literal(2),
  engine: z.string(),
  snapshot: z.strictObject({ file: z.string(), sha256: z.string(), hash: z.string(), scriptFile: z.string(), parts: z.strictObject({ file: z.string(), sha256: z.string() }) }),
  inputs: z.array(z.strictObject({ path: z.string(), size: z.number(), mtimeMs: z.number() })),
});

export interface MadeApi {
  readonly script: string;
  readonly partTexts: string;
  readonly snapshot: Uint8Array;
  readonly inputs: readonly BuildInput[];
}

/** The API snapshot on disk, and the sources that it was made from. */
export class ApiStore {
  readonly #directory: string;
  readonly #engine: string;

  constructor(directory: string, engine: string) {
    this.#directory = directory;
    this.#engine = engine;
  }

  async write({ script, partTexts, snapshot, inputs }: MadeApi): Promise<ApiSnapshot> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const sha256 = sha256Of(snapshot);
    const partsSha256 = sha256Of(partTexts);
    const hash = this.#hash(script, partsSha256, sha256);
    const file = join(this.#directory, `api-${hash}.snapshot`);
    const scriptFile = join(this.#directory, `api-${hash}.js`);
    const parts = { file: join(this.#directory, `api-${hash}.parts`), sha256: partsSha256 };
    const made: ApiSnapshot = { file, sha256, hash, scriptFile, parts };
    await writeFileAtomic(parts.file, partTexts, ARTEFACT_MODE);
    await writeFileAtomic(scriptFile, script);
    await writeFileAtomic(file, snapshot, ARTEFACT_MODE);
    await writeFileAtomic(this.#recordFile(), JSON.stringify({ format: 2, engine: this.#engine, snapshot: made, inputs }));
    return made;
  }

  /** The snapshot made earlier, when sources and engine are as they were and the files are whole. */
  async reuse(): Promise<ApiSnapshot | undefined> {
    try {
      const { engine, snapshot, inputs } = recordSchema.parse(JSON.parse(await readFile(this.#recordFile(), 'utf8')));
      if (engine !== this.#engine || !(await inputsHold(inputs))) return undefined;
      await loadApiSnapshot(snapshot);
      await loadApiParts(snapshot);
      const script = await readFile(snapshot.scriptFile, 'utf8');
      return this.#hash(script, snapshot.parts.sha256, snapshot.sha256) === snapshot.hash ? snapshot : undefined;
    } catch {
      return undefined;
    }
  }

  #hash(script: string, partsSha256: string, sha256: string): string {
    return sha256Of(`${this.#engine}\n${sha256}\n${partsSha256}\n${script}`);
  }

  #recordFile(): string {
    return join(this.#directory, 'api.json');
  }
}

/** Reads the snapshot and checks its hash. Throws artefact_corrupt. */
export async function loadApiSnapshot({ file, sha256 }: Pick<ApiSnapshot, 'file' | 'sha256'>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readChecked(file, sha256));
}

/** Reads the texts of the lazy parts and checks their hash. Throws artefact_corrupt. */
export async function loadApiParts({ parts }: Pick<ApiSnapshot, 'parts'>): Promise<string> {
  return (await readChecked(parts.file, parts.sha256)).toString('latin1');
}

async function readChecked(file: string, sha256: string): Promise<Buffer> {
  const bytes = await readFile(pathFromHere(file)).catch((error: unknown) => {
    throw new NanosError('artefact_corrupt', `The API snapshot's file ${file} can not be read: restart the host to make it again`, { cause: error });
  });
  if (sha256Of(bytes) !== sha256) throw new NanosError('artefact_corrupt', `The API snapshot's file ${file} does not match its hash: restart the host to make it again`);
  return bytes;
}

function sha256Of(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
