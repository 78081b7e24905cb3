import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NanosError } from '../../protocol/errors.ts';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import { METER_VERSION } from './meter-module.ts';
import { compileMetered, meterOriginal, sha256Hex, type MeteredModule } from './metered-module.ts';
import { checkImports, type ModuleRules } from './validate-module.ts';

const SHA256 = /^[0-9a-f]{64}$/u;

/**
 * Modules on disk: each as it was given, `<SHA-256>.wasm`, and metered, `<SHA-256 of the original>-<version of the metering>.wasm`, mode 0600.
 * A file that is not what was written is made again. Compiled modules are shared while somebody uses them.
 */
export class ModuleCache {
  readonly #folder: string;
  readonly #compiled = new Map<string, WeakRef<MeteredModule>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The metered form of a module: from the cache, or validated, metered and kept. Throws module_invalid or module_refused. */
  async load(original: Uint8Array, rules: ModuleRules): Promise<MeteredModule> {
    const sourceHash = sha256Hex(original);
    const cached = await this.#cached(sourceHash, rules);
    if (cached !== undefined) {
      // The folder may have been emptied since: what is shared is to be found again all the same.
      if (!existsSync(this.#originalFile(sourceHash))) await this.#keep(sourceHash, original, cached.bytes);
      return cached;
    }
    const bytes = meterOriginal(original, rules);
    await this.#keep(sourceHash, original, bytes);
    return this.#compile(sourceHash, bytes, rules);
  }

  async #keep(sourceHash: string, original: Uint8Array, metered: Uint8Array): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeFileAtomic(this.#originalFile(sourceHash), original);
    await writeFileAtomic(this.#meteredFile(sourceHash), metered);
  }

  /** The metered form of a module that was loaded before, by the SHA-256 of its original. Throws not_found. */
  async byHash(sourceHash: string, rules: ModuleRules): Promise<MeteredModule> {
    return this.load(await this.original(sourceHash), rules);
  }

  /** A module as it was given. Throws not_found. */
  async original(sourceHash: string): Promise<Uint8Array> {
    const bytes = SHA256.test(sourceHash) ? await readIfThere(this.#originalFile(sourceHash)) : undefined;
    if (bytes !== undefined && sha256Hex(bytes) === sourceHash) return bytes;
    throw new NanosError('not_found', `The module ${sourceHash} is not, or not whole, in ${this.#folder}`);
  }

  async #cached(sourceHash: string, rules: ModuleRules): Promise<MeteredModule | undefined> {
    const shared = this.#compiled.get(sourceHash)?.deref();
    if (shared !== undefined) {
      checkImports(shared.imports, rules);
      return shared;
    }
    const bytes = await readIfThere(this.#meteredFile(sourceHash));
    const compiled = bytes === undefined ? undefined : await compileMetered(bytes, rules);
    return compiled?.sourceHash === sourceHash ? this.#share(compiled) : undefined;
  }

  async #compile(sourceHash: string, bytes: Uint8Array, rules: ModuleRules): Promise<MeteredModule> {
    const compiled = await compileMetered(bytes, rules);
    if (compiled === undefined) throw new NanosError('internal', `The module ${sourceHash} can not be read back after metering`);
    return this.#share(compiled);
  }

  #share(compiled: MeteredModule): MeteredModule {
    this.#compiled.set(compiled.sourceHash, new WeakRef(compiled));
    return compiled;
  }

  #originalFile(sourceHash: string): string {
    return join(this.#folder, `${sourceHash}.wasm`);
  }

  #meteredFile(sourceHash: string): string {
    return join(this.#folder, `${sourceHash}-${METER_VERSION}.wasm`);
  }
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
