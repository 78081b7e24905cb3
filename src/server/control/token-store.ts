import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Scope } from '../../protocol/control.ts';
import { NanosError } from '../../protocol/errors.ts';
import { writeFileAtomic } from '../../util/atomic-file.ts';

const SCOPES = ['admin', 'read', 'inference'] as const satisfies readonly Scope[];
const TOKEN_BYTES = 32;
const FILE_NAME = 'tokens.json';

const tokensSchema = z.strictObject({ admin: z.string().min(20), read: z.string().min(20), inference: z.string().min(20) });

export type Tokens = z.infer<typeof tokensSchema>;

/** The control plane's bearer tokens, one a scope, made at the first start and kept in `<data>/tokens.json`, mode 0600. */
export class TokenStore {
  readonly tokens: Tokens;
  readonly #hashes: readonly { scope: Scope; hash: Buffer }[];

  private constructor(tokens: Tokens) {
    this.tokens = tokens;
    this.#hashes = SCOPES.map((scope) => ({ scope, hash: sha256(tokens[scope]) }));
  }

  /** Throws `config_invalid` when the file is there and isn't what this class wrote. */
  static async open(dataDir: string): Promise<TokenStore> {
    const file = join(dataDir, FILE_NAME);
    const present = await TokenStore.read(dataDir);
    if (present !== undefined) {
      await chmod(file, 0o600);
      return new TokenStore(present);
    }
    const tokens: Tokens = { admin: newToken('admin'), read: newToken('read'), inference: newToken('inference') };
    await writeFileAtomic(file, `${JSON.stringify(tokens, undefined, 2)}\n`, 0o600);
    return new TokenStore(tokens);
  }

  /** For a client on the same machine; undefined when there is no such file. */
  static async read(dataDir: string): Promise<Tokens | undefined> {
    const file = join(dataDir, FILE_NAME);
    try {
      return tokensSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
      throw new NanosError('config_invalid', `The token file ${file} can't be read or is damaged. Remove it to have new tokens made at the next start`, { cause });
    }
  }

  /** In constant time over all tokens. */
  scopeOf(token: string): Scope | undefined {
    const hash = sha256(token);
    let found: Scope | undefined;
    for (const known of this.#hashes) {
      if (timingSafeEqual(known.hash, hash)) found = known.scope;
    }
    return found;
  }
}

function newToken(scope: Scope): string {
  return `nanos_${scope}_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
