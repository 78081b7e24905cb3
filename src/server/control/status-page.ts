import { createHash } from 'node:crypto';
import type { AppStatus } from '../../protocol/control.ts';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8884; }
.failed, .quarantined { color: #c62828; }
pre { margin: 0; white-space: pre-wrap; }
`;

/** No script, nothing from elsewhere, and the one style sheet by its hash (Content Security Policy level 3). */
export const STATUS_PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

export function statusPage(apps: readonly AppStatus[], mayLogOut: boolean): string {
  const rows = apps.map(appRow).join('');
  const table = `<table><thead><tr><th>App</th><th>State</th><th>Version</th><th>Addresses</th></tr></thead><tbody>${rows}</tbody></table>`;
  const logOut = mayLogOut ? '<form method="post" action="/logout"><p><button>Log out</button></p></form>' : '';
  return page(`<h1>nanos</h1>${apps.length === 0 ? '<p>No apps yet. Deploy one: <code>nanos deploy FOLDER</code></p>' : table}${logOut}`);
}

/** For whoever has no session. The link is for a browser that withheld the cookie because another site sent it here. */
export function loginHint(): string {
  return page('<h1>nanos</h1><p>Open the login link that <code>nanos serve</code> printed when it started. If you just did, <a href="/">go on</a>.</p>');
}

function appRow(app: AppStatus): string {
  const links = app.urls.map((url) => `<a href="${escapeHtml(url)}" rel="noreferrer">${escapeHtml(url)}</a>`).join('<br>');
  const error = app.error === undefined ? '' : `<pre>${escapeHtml(app.error.message)}</pre>`;
  const version = app.version === 0 ? '–' : String(app.version);
  return `<tr><td>${escapeHtml(app.name)}</td><td class="${app.state}">${app.state}${error}</td><td>${version}</td><td>${links}</td></tr>`;
}

function page(body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>nanos</title><style>${STYLE}</style></head><body>${body}</body></html>\n`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}
