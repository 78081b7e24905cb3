import { createHash, randomBytes } from 'node:crypto';

const ID_BYTES = 32;
const LOGIN_TOKEN_MS_MAX = 24 * 3_600_000;
const SESSION_MS_MAX = 12 * 3_600_000;
/** Of each kind; the oldest makes room. */
const ENTRIES_MAX = 100;

/**
 * Browser sessions of the control page and the one-time tokens that start them, in memory: a restart of the host ends all of them.
 * Only hashes are held, and a hash is looked up, so neither a dump of this object nor the time of a look-up tells an id.
 */
export class SessionStore {
  readonly #now: () => number;
  /** SHA-256 → when it ends, in ms */
  readonly #loginTokens = new Map<string, number>();
  readonly #sessions = new Map<string, number>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** A token that {@link startSession} takes once, within 24 hours. */
  issueLoginToken(): string {
    return this.#issue(this.#loginTokens, LOGIN_TOKEN_MS_MAX);
  }

  /** Trades a one-time token for a session id; undefined when the token is unknown, used or too old. */
  startSession(loginToken: string): string | undefined {
    if (!this.#isValid(this.#loginTokens, loginToken)) return undefined;
    this.#loginTokens.delete(hashOf(loginToken));
    return this.#issue(this.#sessions, SESSION_MS_MAX);
  }

  isSession(id: string): boolean {
    return this.#isValid(this.#sessions, id);
  }

  endSession(id: string): void {
    this.#sessions.delete(hashOf(id));
  }

  get sessionSecondsMax(): number {
    return SESSION_MS_MAX / 1000;
  }

  #issue(entries: Map<string, number>, lifeMs: number): string {
    const id = randomBytes(ID_BYTES).toString('base64url');
    entries.set(hashOf(id), this.#now() + lifeMs);
    for (const oldest of entries.keys()) {
      if (entries.size <= ENTRIES_MAX) break;
      entries.delete(oldest);
    }
    return id;
  }

  #isValid(entries: Map<string, number>, id: string): boolean {
    const endsAt = entries.get(hashOf(id));
    return endsAt !== undefined && this.#now() < endsAt;
  }
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('base64');
}
