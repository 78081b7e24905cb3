import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { BuildInput } from '../../protocol/app.ts';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { inputsHold } from './build-inputs.ts';
import { NanosError } from '../../protocol/errors.ts';

/** The snapshot that every isolate without one of its own starts from. */
export interface ApiSnapshot {
  readonly file: string;
  /** of the file, hex */
  readonly sha256: string;
  /** of API script, engine and this very snapshot, hex: artefacts hold only together with these, V8's code caches among them */
  readonly hash: string;
  /** the API script */
  readonly scriptFile: string;
}

const recordSchema = z.strictObject({
  format: z.literal(1),
  engine: z.string(),
  snapshot: z.strictObject({ file: z.string(), sha256: z.string(), hash: z.string(), scriptFile: z.string() }),
  inputs: z.array(z.strictObject({ path: z.string(), size: z.number(), mtimeMs: z.number() })),
});

/** The API snapshot on disk, and the sources that it was made from. */
export class ApiStore {
  readonly #directory: string;
  readonly #engine: string;

  constructor(directory: string, engine: string) {
    this.#directory = directory;
    this.#engine = engine;
  }

  async write(script: string, snapshot: Uint8Array, inputs: readonly BuildInput[]): Promise<ApiSnapshot> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const sha256 = sha256Of(snapshot);
    const hash = this.#hash(script, sha256);
    const file = join(this.#directory, `api-${hash}.snapshot`);
    const scriptFile = join(this.#directory, `api-${hash}.js`);
    const made: ApiSnapshot = { file, sha256, hash, scriptFile };
    await writeFileAtomic(scriptFile, script);
    await writeFileAtomic(file, snapshot);
    await writeFileAtomic(this.#recordFile(), JSON.stringify({ format: 1, engine: this.#engine, snapshot: made, inputs }));
    return made;
  }

  /** The snapshot made earlier, when sources and engine are as they were and the files are whole. */
  async reuse(): Promise<ApiSnapshot | undefined> {
    try {
      const { engine, snapshot, inputs } = recordSchema.parse(JSON.parse(await readFile(this.#recordFile(), 'utf8')));
      if (engine !== this.#engine || !(await inputsHold(inputs))) return undefined;
      await loadApiSnapshot(snapshot);
      const script = await readFile(snapshot.scriptFile, 'utf8');
      return this.#hash(script, snapshot.sha256) === snapshot.hash ? snapshot : undefined;
    } catch {
      return undefined;
    }
  }

  #hash(script: string, sha256: string): string {
    return sha256Of(`${this.#engine}\n${sha256}\n${script}`);
  }

  #recordFile(): string {
    return join(this.#directory, 'api.json');
  }
}

/** Reads the snapshot and checks its hash. Throws artefact_corrupt. */
export async function loadApiSnapshot({ file, sha256 }: Pick<ApiSnapshot, 'file' | 'sha256'>): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new NanosError('artefact_corrupt', `The API snapshot ${file} can not be read: restart the host to make it again`, { cause: error });
  });
  if (sha256Of(bytes) !== sha256) throw new NanosError('artefact_corrupt', `The API snapshot ${file} does not match its hash: restart the host to make it again`);
  return new Uint8Array(bytes);
}

function sha256Of(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
