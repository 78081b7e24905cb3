/** An edge function: changes the origin's page for its visitor while it streams through. */
import ownPage from './page.html';

interface Env {
  readonly ORIGIN: string;
  readonly BANNER: string;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url);
    const page = await originPage(request, url, env);
    if (!page.headers.get('content-type')?.startsWith('text/html')) return page;
    const nonce = crypto.randomUUID();
    const language = request.headers.get('accept-language')?.split(',')[0]?.slice(0, 2) ?? 'en';
    const changed = rewriter({ banner: env.BANNER, nonce, language, host: url.host }).transform(page);
    const response = new Response(changed.body, changed);
    response.headers.set('content-security-policy', `script-src 'nonce-${nonce}'`);
    response.headers.delete('content-length');
    return response;
  },
} satisfies ExportedHandler<Env>;

async function originPage(request: Request, { pathname, search }: URL, { ORIGIN }: Env): Promise<Response> {
  if (ORIGIN === '') return new Response(ownPage, { headers: { 'content-type': 'text/html; charset=utf-8' } });
  return fetch(new URL(`${pathname}${search}`, ORIGIN), { headers: { accept: request.headers.get('accept') ?? '*/*' }, redirect: 'manual' });
}

interface Visit {
  readonly banner: string;
  readonly nonce: string;
  readonly language: string;
  readonly host: string;
}

function rewriter({ banner, nonce, language, host }: Visit): HTMLRewriter {
  return new HTMLRewriter()
    .on('html', { element: (html) => void html.setAttribute('lang', language) })
    .on('body', { element: (body) => void body.prepend(`<p class="banner">${banner}</p>`, { html: true }) })
    .on('script', { element: (script) => void script.setAttribute('nonce', nonce) })
    .on('a[href^="http:"]', { element: (link) => void link.setAttribute('href', `https:${link.getAttribute('href')!.slice('http:'.length)}`) })
    .on('[data-host]', { element: (element) => void element.setInnerContent(host) })
    .onDocument({ comments: (comment) => void comment.remove() });
}
