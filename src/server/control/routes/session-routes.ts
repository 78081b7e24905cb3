import { NanosError } from '../../../protocol/errors.ts';
import { SESSION_COOKIE } from '../../../protocol/control.ts';
import { sessionCookie } from '../authenticate.ts';
import type { Route, RouteContext } from '../route.ts';
import { sendEmpty } from '../send.ts';

const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';

/** `GET /login?token=` trades a one-time token for a session cookie; `POST /logout` ends the session. */
export const sessionRoutes: readonly Route[] = [
  { method: 'GET', path: '/login', scope: 'open', handle: logIn },
  { method: 'POST', path: '/logout', scope: 'open', handle: logOut },
];

function logIn({ request, response, url, sessions }: RouteContext): void {
  // A preview or a prefetch must not use up the token.
  if (request.method === 'HEAD' || request.headers['sec-purpose'] !== undefined) return sendEmpty(response, 204);
  const session = sessions.startSession(url.searchParams.get('token') ?? '');
  if (session === undefined) {
    throw new NanosError('unauthorized', 'This login link was used already or is too old. Start the host again for a new one');
  }
  sendEmpty(response, 303, { location: '/', 'set-cookie': `${SESSION_COOKIE}=${session}; ${ATTRIBUTES}; Max-Age=${sessions.sessionSecondsMax}` });
}

function logOut({ request, response, sessions }: RouteContext): void {
  const session = sessionCookie(request);
  if (session !== undefined) sessions.endSession(session);
  sendEmpty(response, 303, { location: '/', 'set-cookie': `${SESSION_COOKIE}=; ${ATTRIBUTES}; Max-Age=0` });
}
