import type { IncomingMessage } from 'node:http';
import { SESSION_COOKIE, type Scope } from '../../protocol/control.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { SessionStore } from './session-store.ts';
import type { TokenStore } from './token-store.ts';


export interface Caller {
  /** undefined: nobody known */
  readonly scope: Scope | undefined;
  readonly viaCookie: boolean;
}

const NOBODY: Caller = { scope: undefined, viaCookie: false };

/** Who asks: a bearer token first; a session cookie, which stands for the operator at the page, only without one. */
export function authenticate(request: IncomingMessage, tokens: TokenStore, sessions: SessionStore): Caller {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
    return token === undefined ? NOBODY : { scope: tokens.scopeOf(token), viaCookie: false };
  }
  const session = sessionCookie(request);
  return session !== undefined && sessions.isSession(session) ? { scope: 'admin', viaCookie: true } : NOBODY;
}

/** Throws `unauthorized` or `forbidden`. */
export function checkScope(caller: Caller, needed: Scope): void {
  if (caller.scope === undefined) {
    throw new NanosError('unauthorized', 'Send a token of the host: Authorization: Bearer TOKEN. The tokens are in tokens.json in its data directory');
  }
  if (caller.scope !== 'admin' && caller.scope !== needed) {
    throw new NanosError('forbidden', `This needs a token with the scope ${needed}, and the one sent has ${caller.scope}`);
  }
}

export function sessionCookie(request: IncomingMessage): string | undefined {
  for (const pair of request.headers.cookie?.split(';') ?? []) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === SESSION_COOKIE && value !== undefined) return value;
  }
  return undefined;
}
