/** The operator's file, and what it said when it was last read. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readOperatorFile } from '../apps/config/read-operator-file.ts';
import { defaultOperatorPolicy, type OperatorPolicy } from '../protocol/operator.ts';

const DEFAULT_FILE = 'nanos.yaml';

export class OperatorConfig {
  /** absolute; undefined when there is none */
  readonly file: string | undefined;
  #policy: OperatorPolicy;

  private constructor(file: string | undefined, policy: OperatorPolicy) {
    this.file = file;
    this.#policy = policy;
  }

  /** Reads `given`, or `nanos.yaml` of the current folder when it is there. */
  static async open(given: string | undefined): Promise<OperatorConfig> {
    const file = given === undefined ? await defaultFile() : resolve(given);
    return new OperatorConfig(file, await readPolicy(file));
  }

  get policy(): OperatorPolicy {
    return this.#policy;
  }

  /** Rejects, and keeps what it had, when the file can't be read. */
  async reread(): Promise<OperatorPolicy> {
    this.#policy = await readPolicy(this.file);
    return this.#policy;
  }

  /** Values of the secrets that the operator lists by name. */
  secrets(environment: NodeJS.ProcessEnv = process.env): string[] {
    return this.#policy.secretNames.flatMap((name) => environment[name] ?? []);
  }
}

async function defaultFile(): Promise<string | undefined> {
  const isThere = await stat(DEFAULT_FILE).then(
    (stats) => stats.isFile(),
    () => false,
  );
  return isThere ? resolve(DEFAULT_FILE) : undefined;
}

async function readPolicy(file: string | undefined): Promise<OperatorPolicy> {
  return file === undefined ? defaultOperatorPolicy() : readOperatorFile(file);
}
