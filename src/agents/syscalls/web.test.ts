import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createEgress } from '../../net/egress/egress.ts';
import { AGENT_LIMITS, DEFAULT_AGENT_BUDGETS } from '../../protocol/agent-limits.ts';
import type { AgentManifest } from '../../protocol/agent/manifest.ts';
import { unpackPayload } from '../../protocol/agent/payload.ts';
import type { EgressPolicy } from '../../protocol/app.ts';
import { settleGrant } from '../grant.ts';
import { SyscallError } from '../syscall-handler.ts';
import { webSyscalls } from './web.ts';

const LOOPBACK: EgressPolicy = { hosts: undefined, privateRanges: ['127.0.0.0/8'] };
const PUBLIC: EgressPolicy = { hosts: undefined, privateRanges: [] };

async function serve(test: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

interface Reply {
  readonly status: number;
  readonly url: string;
  readonly headers: [string, string][];
  readonly body: string;
}

/** What the gate makes of `web_fetch`. */
function browser(test: TestContext, network: AgentManifest['permissions']['network'], operator = LOOPBACK, lookup?: (name: string) => Promise<string[]>) {
  const egress = createEgress({ lookup });
  test.after(() => egress.close());
  const [handler] = webSyscalls(() => Promise.resolve(egress));
  assert.ok(handler);
  const manifest: AgentManifest = { name: 'a', folder: '/nowhere', goal: '', budgets: DEFAULT_AGENT_BUDGETS, permissions: { fsRead: [], fsWrite: [], network }, mcpServers: [], approve: [], agents: [] };
  const grant = settleGrant(manifest, { egress: operator, withheldPaths: [], readOnlyPaths: [] });
  return async (head: unknown, body?: Uint8Array, signal = new AbortController().signal): Promise<Reply> => {
    const context = { grant, signal };
    const args = handler.arguments.parse(head);
    const verdict = handler.authorize(args, context);
    if (!verdict.allowed) throw SyscallError.denied(verdict.asked, verdict.rule);
    const reply = unpackPayload(await handler.act(args, body, context));
    return { ...(reply.head as Omit<Reply, 'body'>), body: Buffer.from(reply.body ?? []).toString() };
  };
}

const denied = (rule: RegExp) => ({ name: 'SyscallError', code: 'permission_denied', rule });
const fails = (code: string) => ({ name: 'SyscallError', code });

describe('web_fetch', () => {
  it('gives status, URL, headers and body', async (test) => {
    const port = await serve(test, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => void chunks.push(chunk));
      request.on('end', () => {
        response.writeHead(201, { 'x-seen': `${request.method} ${request.url} ${String(request.headers['x-a'])}`, 'set-cookie': ['a=1', 'b=2'], 'transfer-encoding': 'chunked' });
        response.end(Buffer.concat(chunks));
      });
    });
    const reply = await browser(test, true)({ url: `http://127.0.0.1:${port}/p?q#f`, method: 'post', headers: [['X-A', 'é']] }, Buffer.from('body\n\0'));
    assert.equal(reply.status, 201);
    assert.equal(reply.url, `http://127.0.0.1:${port}/p?q`);
    assert.equal(reply.body, 'body\n\0');
    assert.deepEqual(reply.headers.filter(([name]) => name === 'set-cookie'), [['set-cookie', 'a=1'], ['set-cookie', 'b=2']]);
    assert.deepEqual(reply.headers.find(([name]) => name === 'x-seen'), ['x-seen', 'POST /p?q é']);
    assert.ok(!reply.headers.some(([name]) => name === 'transfer-encoding' || name === 'connection'));
  });

  it('is denied without a network, and for hosts that are not listed', async (test) => {
    const url = 'http://a.test/x?key=secret';
    await assert.rejects(browser(test, false)({ url }), denied(/^permissions\.network: false$/));
    await assert.rejects(browser(test, [])({ url }), denied(/grants no host/));
    await assert.rejects(browser(test, ['b.test', '*.a.test'])({ url }), denied(/^permissions\.network: b\.test, \*\.a\.test$/));
    await assert.rejects(browser(test, ['a.test'], { hosts: ['b.test'], privateRanges: [] })({ url }), denied(/operator's egress hosts/));
    await assert.rejects(browser(test, false)({ url }), (error: SyscallError) => error.asked === 'GET http://a.test/x');
  });

  it('is denied for schemes, credentials, ports and addresses that nobody may reach', async (test) => {
    const fetch = browser(test, true, PUBLIC);
    for (const url of ['file:///etc/passwd', 'ftp://a.test/', 'data:,x', 'http://user:pass@a.test/', 'http://a.test:22/', 'javascript:1']) await assert.rejects(fetch({ url }), denied(/./), url);
    for (const host of ['127.0.0.1', '0.0.0.0', '0x7f.1', '2130706433', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254', '10.0.0.1']) {
      await assert.rejects(fetch({ url: `http://${host}/` }), denied(/the address is not public/), host);
    }
  });

  it('judges the address that a name leads to, and every hop', async (test) => {
    const port = await serve(test, (request, response) => {
      if (request.url === '/private') response.writeHead(302, { location: 'http://inner.test/' }).end();
      else if (request.url === '/other') response.writeHead(302, { location: 'http://other.test/' }).end();
      else response.end('ok');
    });
    const addresses: Record<string, string> = { 'outer.test': '127.0.0.1', 'inner.test': '10.0.0.1', 'other.test': '127.0.0.1' };
    const lookup = (name: string): Promise<string[]> => Promise.resolve([addresses[name] ?? '192.0.2.1']);
    const fetch = browser(test, ['outer.test', 'inner.test'], LOOPBACK, lookup);
    const base = `http://outer.test:${port}`;
    assert.equal((await fetch({ url: `${base}/` })).body, 'ok');
    await assert.rejects(fetch({ url: `${base}/private` }), denied(/inner\.test denied: the address is not public but private/));
    await assert.rejects(fetch({ url: `${base}/other` }), denied(/other\.test denied: the host is not among/));
  });

  it('refuses what is no request', async (test) => {
    const fetch = browser(test, true);
    for (const head of [{}, { url: 'nowhere' }, { url: 1 }, { url: 'http://a.test', method: 'G T' }, { url: 'http://a.test', method: 'connect' }, { url: 'http://a.test', headers: [['a b', 'c']] },
      { url: 'http://a.test', headers: [['a', 'b\r\nc: d']] }, { url: 'http://a.test', headers: [['a', '\u{1f600}']] }, { url: 'http://a.test', timeoutMs: 0 }, { url: 'http://a.test', timeoutMs: AGENT_LIMITS.webMsMax + 1 }, { url: 'http://a.test', redirect: 'manual' }]) {
      await assert.rejects(fetch(head), { name: 'ZodError' }, JSON.stringify(head));
    }
    await assert.rejects(fetch({ url: 'http://127.0.0.1:8099/' }, Buffer.from('x')), fails('invalid_argument'));
    await assert.rejects(fetch({ url: 'http://127.0.0.1:8099/', method: 'POST' }, new Uint8Array(AGENT_LIMITS.webRequestBytesMax + 1)), fails('too_large'));
  });

  it('takes a body at the limit and no byte more, also one that unpacks to more', async (test) => {
    const port = await serve(test, (request, response) => {
      const bytes = Buffer.alloc(AGENT_LIMITS.webResponseBytesMax + (request.url === '/past' || request.url === '/bomb' ? 1 : 0), 'x');
      if (request.url === '/bomb') response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(bytes));
      else response.end(bytes);
    });
    const fetch = browser(test, true);
    assert.equal((await fetch({ url: `http://127.0.0.1:${port}/limit` })).body.length, AGENT_LIMITS.webResponseBytesMax);
    for (const path of ['past', 'bomb']) await assert.rejects(fetch({ url: `http://127.0.0.1:${port}/${path}` }), fails('too_large'), path);
  });

  it('ends when time is up, when the call is given up, and when nobody answers', async (test) => {
    const port = await serve(test, (request, response) => {
      if (request.url === '/body') response.write('begin');
    });
    const fetch = browser(test, true);
    for (const path of ['head', 'body']) {
      await assert.rejects(fetch({ url: `http://127.0.0.1:${port}/${path}`, timeoutMs: 50 }), fails('timeout'), path);
      const giveUp = new AbortController();
      const pending = fetch({ url: `http://127.0.0.1:${port}/${path}` }, undefined, giveUp.signal);
      setTimeout(() => giveUp.abort(), 20);
      await assert.rejects(pending, fails('aborted'), path);
    }
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port: free } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    await assert.rejects(fetch({ url: `http://127.0.0.1:${free}/` }), { code: 'unreachable', message: /connection refused/ });
  });

  it('has so many requests under way, and the others wait', async (test) => {
    const held: (() => void)[] = [];
    let most = 0;
    const port = await serve(test, (_request, response) => {
      held.push(() => response.end('ok'));
      most = Math.max(most, held.length);
      // all that can come are there, unless one too many comes
      if (held.length >= AGENT_LIMITS.webRequestsMax) setTimeout(() => held.splice(0).forEach((answer) => answer()), 50);
    });
    const fetch = browser(test, true);
    const count = 2 * AGENT_LIMITS.webRequestsMax;
    const replies = await Promise.all(Array.from({ length: count }, () => fetch({ url: `http://127.0.0.1:${port}/` })));
    assert.deepEqual([replies.filter(({ body }) => body === 'ok').length, most], [count, AGENT_LIMITS.webRequestsMax]);
  });

  it('has an effect unless it only looks', () => {
    const [handler] = webSyscalls(() => Promise.reject(new Error('not opened')));
    const effect = (method?: string): unknown => handler?.effect?.(handler.arguments.parse({ url: 'http://a.test', ...(method === undefined ? {} : { method }) }));
    assert.deepEqual([effect(), effect('get'), effect('HEAD')], ['none', 'none', 'none']);
    assert.deepEqual([effect('POST'), effect('put'), effect('DELETE'), effect('gEt-x'), effect('OPTIONS')], Array(5).fill('effect'));
  });
});
