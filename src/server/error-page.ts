import type { ErrorCode, NanosError } from '../protocol/errors.ts';

export interface ErrorPageOptions {
  /** the client's Accept header */
  readonly accept: string | undefined;
  readonly requestId: string;
  /** The app is in development mode: the error's own message is shown, and `stack` when there is one. */
  readonly dev: boolean;
  readonly stack?: string | undefined;
}

export interface ErrorPage {
  /** flat name, value, …; without Content-Length */
  readonly headers: string[];
  readonly body: string;
}

/**
 * What a client is told instead of the error's own message, which may hold a tenant's or the host's internals.
 * Codes that are not here are the client's own fault, and their messages are written for it.
 */
const SAFE_MESSAGES: Readonly<Partial<Record<ErrorCode, string>>> = {
  app_threw: 'The app failed to answer this request',
  app_failed_to_start: 'The app failed to start',
  app_restarted: 'The app was restarted while it worked on this request',
  cpu_limit: 'The app used more CPU time than it may',
  memory_limit: 'The app used more memory than it may',
  wall_limit: 'The app did not answer in time',
  overloaded: 'The app can not take the request at the moment',
  quarantined: 'The app is held back after a failure',
  subrequest_limit: 'The app made more requests than it may',
  egress_denied: 'The app is not allowed to reach another server',
  internal: 'The host failed to handle this request',
};

/** The error as a client sees it (docs/errors.md): JSON, or HTML for those who prefer it. Never throws. */
export function errorPage(error: NanosError, options: ErrorPageOptions): ErrorPage {
  const message = shownMessage(error, options.dev);
  const html = prefersHtml(options.accept);
  const headers = ['content-type', html ? 'text/html; charset=utf-8' : 'application/json', 'x-nanos-error', error.code, 'cache-control', 'no-store'];
  if (html) headers.push('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
  if (error.retryAfterS !== undefined) headers.push('retry-after', `${Math.max(0, Math.ceil(error.retryAfterS))}`);
  const stack = options.dev ? options.stack : undefined;
  return { headers, body: html ? asHtml(error, message, options.requestId, stack) : asJson(error, message, options.requestId, stack) };
}

function shownMessage(error: NanosError, dev: boolean): string {
  if (dev) return error.message;
  return SAFE_MESSAGES[error.code] ?? (error.fault === 'client' ? error.message : 'The request failed');
}

/** By order in the header, which is how browsers state it; weights are left out of account. */
function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const html = accept.indexOf('text/html');
  const json = accept.indexOf('application/json');
  return html >= 0 && (json < 0 || html < json);
}

function asJson({ code }: NanosError, message: string, requestId: string, stack: string | undefined): string {
  return `${JSON.stringify({ error: { code, message, request_id: requestId, stack } })}\n`;
}

function asHtml({ code, status }: NanosError, message: string, requestId: string, stack: string | undefined): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${status} ${code}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:50em;margin:4em auto;padding:0 1em}code,pre{font:14px/1.5 ui-monospace,monospace}pre{overflow:auto}</style>
<h1>${status} <code>${code}</code></h1>
<p>${escapeHtml(message)}</p>
${stack === undefined ? '' : `<pre>${escapeHtml(stack)}</pre>\n`}<p>Request <code>${escapeHtml(requestId)}</code></p>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
