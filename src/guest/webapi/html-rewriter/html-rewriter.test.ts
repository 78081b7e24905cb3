import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Response } from '../fetch/index.ts';
import { streamClasses } from '../streams/index.ts';
import { HTMLRewriter } from './lazy/html-rewriter.ts';

interface Content {
  tagName: string;
  name: string;
  text: string;
  lastInTextNode: boolean;
  removed: boolean;
  attributes: Iterable<[string, string]>;
  publicId: string | null;
  systemId: string | null;
  namespaceURI: string;
  getAttribute(name: string): string | null;
  hasAttribute(name: string): boolean;
  setAttribute(name: unknown, value: unknown): Content;
  onEndTag(handler: (tag: Content) => unknown): void;
  removeAttribute(name: string): Content;
  remove(): Content;
  removeAndKeepContent(): Content;
  before: Insert;
  after: Insert;
  prepend: Insert;
  append: Insert;
  replace: Insert;
  setInnerContent: Insert;
}
type Insert = (content: unknown, options?: object) => Content;
type Handlers = Partial<Record<'element' | 'text' | 'comments' | 'doctype' | 'end', (token: Content) => unknown>>;
/** HTMLRewriter as programs see it. */
interface TypedRewriter {
  on(selector: string, handlers: Handlers): TypedRewriter;
  onDocument(handlers: Handlers): TypedRewriter;
}
type Build = (rewriter: TypedRewriter, log: unknown[]) => unknown;

const element = (handler: (element: Content) => unknown): Handlers => ({ element: handler });

async function run(bytes: Uint8Array, chunkBytes: number, build: Build, type = 'text/html'): Promise<{ bytes: Uint8Array; log: unknown[] }> {
  const log: unknown[] = [];
  const rewriter = new HTMLRewriter();
  build(rewriter, log);
  let at = 0;
  const source = {
    pull(controller: { enqueue(chunk: unknown): void; close(): void }) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(new Uint8Array(bytes.subarray(at, (at += chunkBytes))));
    },
  };
  const stream = new (streamClasses().ReadableStream)(source);
  const response = rewriter.transform(new Response(stream, { headers: { 'content-type': type } }));
  return { bytes: await response.bytes(), log };
}

/** Expected output and log; both are workerd's. */
const cases: Readonly<Record<string, readonly [html: string, build: Build, output: string, log?: unknown[]]>> = {
  'the order of insertions': [
    '<a>x</a>',
    (r) => r.on('a', element((e) => void [e.before('1'), e.before('2'), e.after('3'), e.after('4'), e.prepend('5'), e.prepend('6'), e.append('7'), e.append('8')])),
    '12<a>65x78</a>43',
  ],
  'replace takes the content too, whose handlers run': [
    'p<a>x<b>y</b></a>q',
    (r, log) =>
      r
        .on('a', element((e) => void log.push(e.before('[b]').replace('<R>').after('[a]').removed)))
        .on('b', element((e) => void log.push(e.tagName))),
    'p[b]&lt;R&gt;[a]q',
    [true, 'b'],
  ],
  'replace as HTML, the last one wins': ['p<a>x</a>q', (r) => r.on('a', element((e) => e.replace('1').replace('<R>', { html: true }))), 'p<R>q'],
  'inner content takes back what was added inside before': [
    '<a>x<b>y</b></a>',
    (r, log) => r.on('a', element((e) => e.prepend('P').append('A').setInnerContent('<i>&').append('B'))).on('b', element(() => void log.push('b'))),
    '<a>&lt;i&gt;&amp;B</a>',
    ['b'],
  ],
  'a removed element keeps what is added around it': ['p<a>x<b>y</b></a>q', (r) => r.on('a', element((e) => e.remove().before('B').after('A'))).on('b', element((e) => e.before('zz'))), 'pBAq'],
  'tags can go alone': ['p<a>x<b>y</b></a>q', (r) => r.on('a', element((e) => e.removeAndKeepContent().prepend('P').append('A'))), 'pPx<b>y</b>Aq'],
  'void elements have no content': ['<img src=x><br/>t', (r) => r.on('img,br', element((e) => e.prepend('P').append('A').setInnerContent('I').after('+'))), '<img src=x>+<br/>+t'],
  'attributes as in the source': [
    '<a Href="x&amp;y" b=c D e=\'f"g\' b=2>z</a>',
    (r, log) => r.on('a', element((e) => void log.push([...e.attributes], e.getAttribute('HREF'), e.getAttribute('nope'), e.hasAttribute('B'), e.namespaceURI))),
    '<a Href="x&amp;y" b=c D e=\'f"g\' b=2>z</a>',
    [[['href', 'x&amp;y'], ['b', 'c'], ['d', ''], ['e', 'f"g'], ['b', '2']], 'x&amp;y', null, true, 'http://www.w3.org/1999/xhtml'],
  ],
  'a changed tag keeps what was not changed': [
    '<A Href="x&amp;y" b=c   D e=\'f"g\' >z</A>',
    (r) => r.on('a', element((e) => e.setAttribute('b', 'n"&<').setAttribute('New', '1').removeAttribute('d'))),
    '<A Href="x&amp;y" b="n&quot;&<" e=\'f"g\' new="1">z</A>',
  ],
  'odd tags': ['<a/b=c><d <e f><g h=i/><j k = l>', (r) => r.on('*', element((e) => e.setAttribute('z', '1'))), '<a b=c z="1"><d <e f z="1"><g h=i/ z="1"><j k = l z="1">'],
  'self-closing tags stay so': ['<svg><a b="1"/></svg><br c/>', (r) => r.on('*', element((e) => e.setAttribute('x', 'y'))), '<svg x="y"><a b="1" x="y" /></svg><br c x="y" />'],
  'a renamed element has a renamed end': ['<a b>z</a>', (r, log) => r.on('a', element((e) => void log.push(((e.tagName = 'Foo'), e.tagName)))), '<Foo b>z</Foo>', ['foo']],
  'comments': [
    '<a>x<!-- hi --><b><!--y--></b></a><!--z--><?php x ?><!x>',
    (r, log) =>
      r
        .on('a', { comments: (c) => void [(c.text = 'new'), c.before('<'), c.after('>', { html: true }), log.push(c.text)] })
        .onDocument({ comments: (c) => void log.push(`doc ${c.text}`) }),
    '<a>x&lt;<!--new-->><b>&lt;<!--new-->></b></a><!--z--><?php x ?><!x>',
    ['new', 'doc new', 'new', 'doc new', 'doc z', 'doc ?php x ?', 'doc x'],
  ],
  'a removed comment': ['<a><!--x-->y</a>', (r) => r.on('a', { comments: (c) => c.remove() }), '<a>y</a>'],
  'doctypes': ['<!DOCTYPE html PUBLIC "a" \'b\'><p>', (r, log) => r.onDocument({ doctype: (d) => void log.push(d.name, d.publicId, d.systemId) }), '<!DOCTYPE html PUBLIC "a" \'b\'><p>', ['html', 'a', 'b']],
  'the end of the document': ['<p>x', (r) => r.onDocument({ end: (d) => d.append('<E>').append('<F>', { html: true }) }), '<p>x&lt;E&gt;<F>'],
  'end tags': [
    '<a>x</a>y',
    (r, log) => r.on('a', element((e) => e.onEndTag((tag) => void [log.push(tag.name), tag.before('B'), tag.after('A'), (tag.name = 'zed')]))),
    '<a>xB</zed>Ay',
    ['a'],
  ],
  'the last handler of an end tag': ['<a>x</a>y', (r, log) => r.on('a', element((e) => void [e.onEndTag(() => log.push(1)), e.onEndTag((tag) => tag.remove()), e.append('APP')])), '<a>xAPPy', []],
  'an end tag ends what was left open': [
    '<div><p>one</div>two',
    (r, log) => r.on('p', element((e) => e.append('APP').after('AFT').onEndTag(() => log.push('end p')))).on('div', element((e) => e.onEndTag((tag) => log.push(`end ${tag.name}`)))),
    '<div><p>oneAPP</div>AFTtwo',
    ['end p', 'end div'],
  ],
  'what is left open at the end has no end': ['<div><p>one', (r) => r.on('p', element((e) => e.append('APP').after('AFT'))), '<div><p>one'],
  'stray end tags': ['a</b>c</a>', (r, log) => r.on('*', element((e) => void log.push(e.tagName))), 'a</b>c</a>', []],
  'handlers run in the order of registration': [
    '<a>t</a>',
    (r, log) => r.on('a', element(() => void log.push('a1'))).on('*', element(() => void log.push('*'))).on('a', element(() => void log.push('a2'))),
    '<a>t</a>',
    ['a1', '*', 'a2'],
  ],
  'asynchronous handlers': ['<a>1</a><a>2</a>', (r) => r.on('a', element(async (e) => (await new Promise(setImmediate), e.append('!')))), '<a>1!</a><a>2!</a>'],
  'text that is no markup': [
    '<script>if(a<b){"</a>"}<!-- <a> --></script><style>a<b{}</style><textarea><a></textarea><title><a></title><noscript><a></a></noscript><iframe><a></iframe><xmp><a></xmp><plaintext><a></plaintext>',
    (r) => r.on('a', element((e) => e.remove())),
    '<script>if(a<b){"</a>"}<!-- <a> --></script><style>a<b{}</style><textarea><a></textarea><title><a></title><noscript><a></a></noscript><iframe><a></iframe><xmp><a></xmp><plaintext><a></plaintext>',
  ],
  'foreign content': [
    '<svg><title><a></a></title><style><a/></style><path/><foreignObject><div><a>1</a></div></foreignObject></svg><a/>x</a>',
    (r, log) => r.on('a,path,div,title,style', element((e) => void log.push(`${e.tagName} ${e.namespaceURI.slice(-5)}`))),
    '<svg><title><a></a></title><style><a/></style><path/><foreignObject><div><a>1</a></div></foreignObject></svg><a/>x</a>',
    ['title 0/svg', 'a xhtml', 'style 0/svg', 'a 0/svg', 'path 0/svg', 'div xhtml', 'a xhtml', 'a xhtml'],
  ],
  'tags that are not complete': ['<a>x</a><b c="', (r) => r.on('b', element((e) => e.remove())), '<a>x</a><b c="'],
  'text beyond ASCII': ['<a t="é">ü€😀</a>', (r, log) => r.on('a', element((e) => void [log.push(e.getAttribute('t')), e.setAttribute('t', 'ñ'), e.append('<é>')])), '<a t="ñ">ü€😀&lt;é&gt;</a>', ['é']],
  'content of other kinds': ['<a>x</a>', (r) => r.on('a', element((e) => e.append(5).append(null).append(new Response('<R>'), { html: true }).append(new Response('<S>').body))), '<a>x5null<R>&lt;S&gt;</a>'],
};

for (const [name, [html, build, output, log = []]] of Object.entries(cases)) {
  test(`${name}, in chunks of any size`, async () => {
    for (const chunkBytes of [1_000, 1, 2, 3]) {
      const result = await run(Buffer.from(html), chunkBytes, build);
      assert.deepEqual({ output: Buffer.from(result.bytes).toString(), log: result.log }, { output, log }, `chunks of ${chunkBytes}`);
    }
  });
}

test('text comes in chunks of whole characters, with an empty last one', async () => {
  const html = Buffer.from('<a>hé&amp;llo <b>😀</b> out</a>');
  for (const chunkBytes of [1, 2, 1_000]) {
    const nodes: string[] = [''];
    await run(html, chunkBytes, (r) =>
      r.on('a', {
        text(chunk) {
          nodes.push(`${nodes.pop()}${chunk.text}`);
          if (chunk.lastInTextNode) nodes.push('');
        },
      }),
    );
    assert.deepEqual(nodes, ['hé&amp;llo ', '😀', ' out', '']);
  }
});

test('chunks of text can be changed', async () => {
  const { bytes } = await run(Buffer.from('<a>one</a>'), 99, (r) =>
    r.on('a', {
      text(chunk) {
        if (chunk.lastInTextNode) chunk.after('END');
        else chunk.replace('two').before('<b').after('>', { html: true });
      },
    }),
  );
  assert.equal(Buffer.from(bytes).toString(), '<a>&lt;btwo>END</a>');
});

const selectorDocument = '<ul><li class="a b">1<li id=x>2</li><li data-q="Foo bar">3</li></ul><ol><li>4</ol>';

test('selectors', async () => {
  const expected: Readonly<Record<string, string>> = {
    '*': 'ul a x q ol li', 'LI': 'a x q li', '.a': 'a', '.A': '', '#x': 'x', 'li.b.a': 'a', 'ul>li': 'a', 'ul li': 'a x q', 'li:first-child': 'a x li', 'li:nth-child(2)': 'q', 'li:nth-child(odd)': 'a x li',
    'li:nth-of-type(2n+1)': 'a x li', 'li:nth-child(-n+1)': 'a x li', 'li:first-of-type': 'a x li', 'li:not(.a, #x)': 'q li', 'li:not(:not(.a))': 'a', '[data-q]': 'q', '[data-q=Foo]': '', '[data-q="Foo bar"]': 'q',
    '[DATA-Q~=bar]': 'q', '[data-q^=Fo]': 'q', '[data-q$=ar]': 'q', '[data-q*="o b"]': 'q', '[data-q*="O B" i]': 'q', '[data-q*="O B" s]': '', '[class|=a]': '', 'ul, ol': 'ul ol', 'ol > *': 'li', 'ul > li li': 'x q', '*|li': 'a x q li',
  };
  for (const [selector, found] of Object.entries(expected)) {
    const { log } = await run(Buffer.from(selectorDocument), 99, (r, seen) =>
      r.on(selector, element((e) => void seen.push(e.getAttribute('class')?.slice(0, 1) ?? e.getAttribute('id') ?? (e.hasAttribute('data-q') ? 'q' : e.tagName)))),
    );
    assert.equal(log.join(' '), found, selector);
  }
});

test('what is no selector is a TypeError', () => {
  const wrong = ['', ' ', 'a +b', 'a ~ b', ':hover', 'a::before', ':last-child', 'a >', '[', 'a[b=', '>a', 'ns|a', ':is(a)', 'a:not(b c)', ':root', 'a||b', ':has(b)', ':nth-child(x)', ':nth-child(2 of a)'];
  for (const selector of wrong) assert.throws(() => new HTMLRewriter().on(selector, {}), TypeError, selector);
});

test('what is not touched comes out byte for byte', async () => {
  const bytes = Uint8Array.from({ length: 5_000 }, (_, index) => (index * 7_919) % 256);
  const markup = Buffer.from('<a \u{1F600}="x\r\n">\r<b>\0</b><!-- \0 --></a>&amp;&#0;<p/></>');
  const document = Buffer.concat([markup, bytes, markup, Buffer.from([0xc3])]);
  for (const chunkBytes of [1, 13, 9_999]) {
    const result = await run(document, chunkBytes, (r) => r.on('*', { element: () => undefined, text: () => undefined, comments: () => undefined }));
    assert.ok(Buffer.from(result.bytes).equals(document), `chunks of ${chunkBytes}`);
  }
});

test('other codings', async () => {
  const seen: unknown[] = [];
  const { bytes } = await run(
    Buffer.from([0x3c, 0x61, 0x3e, 0xe9, 0x3c, 0x2f, 0x61, 0x3e]),
    1,
    (r) => r.on('a', { element: (e) => e.append('é€𝄞'), text: (chunk) => void seen.push(chunk.text) }),
    'text/html; charset=iso-8859-1',
  );
  assert.equal(Buffer.from(bytes).toString('latin1'), '<a>\xe9\xe9\x80&#119070;</a>');
  assert.equal(seen.join(''), 'é');
});

test('what handlers throw fails the body and cancels its source', async () => {
  for (const handlers of [element(() => assert.fail('mine')), { text: async () => Promise.reject(new RangeError('mine')) }, { comments: () => JSON.parse('mine') as unknown }]) {
    await assert.rejects(run(Buffer.from('<a>x<!--y--></a>'), 99, (r) => r.on('a', handlers)), /mine/);
  }
});

test('tokens are valid while their handler runs', async () => {
  let kept: Content | undefined;
  await run(Buffer.from('<a>x</a>'), 99, (r) => r.on('a', element((e) => void (kept = e))));
  for (const use of [() => kept!.tagName, () => kept!.before('x'), () => kept!.setAttribute('a', 'b'), () => kept!.onEndTag(() => undefined)]) assert.throws(use, /no longer valid/);
});

test('names that would break the markup are refused', async () => {
  await run(Buffer.from('<a></a><br>'), 99, (r) =>
    r
      .on('a', element((e) => {
        for (const name of ['', 'a b', 'a=b', 'a>', 'a/', 'a\n']) assert.throws(() => e.setAttribute(name, ''), TypeError, name);
        for (const name of ['', 'a b', '1', '<', 'a/', 'a>']) assert.throws(() => (e.tagName = name), TypeError, name);
      }))
      .on('br', element((e) => assert.throws(() => e.onEndTag(() => undefined), TypeError))),
  );
  await run(Buffer.from('<a><!--x--></a>'), 99, (r) => r.on('a', { comments: (c) => assert.throws(() => (c.text = 'a-->b'), TypeError) }));
});

test('arguments and responses', async () => {
  const rewriter = new HTMLRewriter();
  assert.equal(rewriter.on('a', null), rewriter);
  for (const wrong of [{ element: 5 }, { text: 'x' }, 5]) assert.throws(() => rewriter.on('a', wrong), TypeError);
  assert.throws(() => Reflect.apply(rewriter.on.bind(rewriter), undefined, ['a']), TypeError);
  assert.throws(() => rewriter.transform('x'), TypeError);
  const mine = new Error('mine');
  const hostile = {
    get element(): unknown {
      throw mine;
    },
  };
  assert.throws(() => rewriter.on('a', hostile), mine);
  const used = new Response('x');
  await used.text();
  assert.throws(() => rewriter.transform(used), TypeError);
  assert.equal(rewriter.transform(new Response(null, { status: 204 })).status, 204);
  const response = rewriter.transform(new Response('<a>', { status: 201, statusText: 'Yo', headers: { 'content-length': '3', 'x-a': 'b' } }));
  assert.deepEqual([response.status, response.statusText, response.headers.get('content-length'), response.headers.get('x-a'), await response.text()], [201, 'Yo', null, 'b', '<a>']);
});
