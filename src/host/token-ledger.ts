import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { TokenCap } from '../protocol/bindings/token-cap.ts';
import { NanosError } from '../protocol/errors.ts';
import { writeFileAtomic } from '../util/atomic-file.ts';
import { isMissing } from '../util/file-error.ts';

const FORMAT = 1;
const PERIOD_MS = { hour: 3_600_000, day: 24 * 3_600_000, total: Infinity } as const;
/** After a charge the file is written within this time; a crash forgets what came since. */
const WRITE_MS = 1_000;

const entrySchema = z.object({ per: z.enum(['hour', 'day', 'total']), sinceMs: z.number(), used: z.number().nonnegative() });
const fileSchema = z.object({ format: z.literal(FORMAT), apps: z.record(z.string(), entrySchema) });

interface Account {
  per: TokenCap['per'];
  /** begin of the period, ms since the epoch */
  sinceMs: number;
  used: number;
  /** by calls under way; what they use is not known yet */
  reserved: number;
}

/** Tokens that one call may use. */
export interface TokenReservation {
  readonly tokens: number;
  /** all that nobody else has set aside, these included */
  readonly left: number;
  /** The call is over, and used so many. Once; later calls of it do nothing. */
  settle(used: number): void;
}

/** What apps have used of their tokens: kept in a file, so that a restart fills no budget up again. */
export class TokenLedger {
  readonly #file: string;
  readonly #nowMs: () => number;
  readonly #accounts: Map<string, Account>;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, nowMs: () => number, accounts: Map<string, Account>) {
    this.#file = file;
    this.#nowMs = nowMs;
    this.#accounts = accounts;
  }

  /** Throws `config_invalid` for a file that is not the ledger's: what was used must not be forgotten in silence. */
  static async open(file: string, nowMs: () => number = Date.now): Promise<TokenLedger> {
    const accounts = await readAccounts(file);
    return new TokenLedger(file, nowMs, accounts);
  }

  /** Used by now in the period that is running. */
  used(app: string, cap: TokenCap): number {
    return this.#account(app, cap).used;
  }

  /**
   * Sets up to `wanted` tokens aside. Throws `token_limit` when fewer than `least` are left. What calls under way have set aside counts as used.
   */
  reserve(app: string, cap: TokenCap, wanted: number, least: number): TokenReservation {
    const account = this.#account(app, cap);
    const left = cap.tokensMax - account.used - account.reserved;
    if (left < least) throw this.#exhausted(account, cap, least, left);
    const tokens = Math.min(wanted, left);
    account.reserved += tokens;
    let isOpen = true;
    return {
      tokens,
      left,
      settle: (used) => {
        if (!isOpen) return;
        isOpen = false;
        account.reserved -= tokens;
        this.charge(app, cap, used);
      },
    };
  }

  charge(app: string, cap: TokenCap, tokens: number): void {
    if (tokens <= 0) return;
    this.#account(app, cap).used += tokens;
    this.#timer ??= setTimeout(() => void this.#write(), WRITE_MS).unref();
  }

  async close(): Promise<void> {
    await this.#write();
  }

  #account(app: string, { per }: TokenCap): Account {
    const periodMs = PERIOD_MS[per];
    const sinceMs = periodMs === Infinity ? 0 : Math.floor(this.#nowMs() / periodMs) * periodMs;
    const known = this.#accounts.get(app) ?? { per, sinceMs, used: 0, reserved: 0 };
    this.#accounts.set(app, known);
    // a clock that is set back opens no new period
    if (known.per !== per || sinceMs > known.sinceMs) Object.assign(known, { per, sinceMs, used: 0 });
    return known;
  }

  #exhausted({ used, reserved, sinceMs }: Account, { tokensMax, per }: TokenCap, least: number, left: number): NanosError {
    const held = reserved > 0 ? ` and ${reserved} set aside for calls under way` : '';
    const period = per === 'total' ? 'in all' : `this ${per}`;
    const message = `The app's tokens are used up: ${used} of ${tokensMax} used ${period}${held}, ${Math.max(left, 0)} left, and this call needs at least ${least}`;
    const retryAfterS = per === 'total' ? undefined : Math.max(1, Math.ceil((sinceMs + PERIOD_MS[per] - this.#nowMs()) / 1_000));
    return new NanosError('token_limit', message, { retryAfterS });
  }

  #write(): Promise<void> {
    if (this.#timer === undefined) return this.#writing;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const apps = Object.fromEntries([...this.#accounts].map(([app, { per, sinceMs, used }]) => [app, { per, sinceMs, used }]));
    this.#writing = this.#writing.then(() => writeFileAtomic(this.#file, JSON.stringify({ format: FORMAT, apps })));
    return this.#writing;
  }
}

async function readAccounts(file: string): Promise<Map<string, Account>> {
  try {
    const { apps } = fileSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    return new Map(Object.entries(apps).map(([app, entry]) => [app, { ...entry, reserved: 0 }]));
  } catch (cause) {
    if (isMissing(cause)) return new Map();
    throw new NanosError('config_invalid', `${file} can't be read: what apps have used of their tokens is in it. Remove it to begin at nothing`, { cause });
  }
}
