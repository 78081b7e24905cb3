import type { Route, RouteContext } from '../route.ts';
import { sendText } from '../send.ts';
import { loginHint, STATUS_PAGE_POLICY, statusPage } from '../status-page.ts';

/** `GET /`: the page for people. Open, because somebody without a session is told how to get one. */
export const statusPageRoutes: readonly Route[] = [{ method: 'GET', path: '/', scope: 'open', handle: showPage }];

async function showPage({ response, host, caller }: RouteContext): Promise<void> {
  const mayRead = caller.scope === 'admin' || caller.scope === 'read';
  const html = mayRead ? statusPage(await host.apps(), caller.viaCookie) : loginHint();
  const headers: Record<string, string> = { 'content-security-policy': STATUS_PAGE_POLICY };
  if (!mayRead) headers['www-authenticate'] = 'Bearer realm="nanos"';
  sendText(response, mayRead ? 200 : 401, 'text/html; charset=utf-8', html, headers);
}
