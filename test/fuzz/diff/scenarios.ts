/** Programs that take more than single calls: each names a function of probe/scenarios and draws its parameters. */
import { type Arbitrary, fc } from '../../../src/util/test-properties.ts';
import type { Program } from './programs.ts';
import { byteList, bytes, headerName, headerValue, mostly, odd, text, type Value } from './values.ts';

function scenario(name: string, parameters: Record<string, Arbitrary<Value>>): Arbitrary<Program> {
  return fc.record(parameters).map((given) => [{ scenario: name, args: [given] }]);
}

const maybe = (value: Arbitrary<Value>): Arbitrary<Value> => fc.oneof(fc.constant<Value>({ $: 'undefined' }), value);
const choice = (...of: Value[]): Arbitrary<Value> => fc.constantFrom(...of);
const size = fc.integer({ min: 1, max: 9 });

const chunks = fc.array(text, { maxLength: 4 });
const byteChunks = fc.array(bytes, { maxLength: 4 });
const fullChunks = fc.array(fc.array(fc.nat(255), { minLength: 1, maxLength: 12 }).map((of) => ({ $: 'bytes', of })), { maxLength: 4 });
const end = choice('close', 'close', 'error');

const STREAMS = {
  'stream-transform': scenario('transform', { chunks, end, acts: fc.array(choice('pass', 'pass', 'twice', 'drop', 'throw', 'error', 'terminate', 'later'), { minLength: 1, maxLength: 4 }), flush: choice('', 'enqueue', 'throw'), stopAfter: choice(1, 2, 100), readableHighWaterMark: choice(0, 1, 3) }),
  'stream-bytes': scenario('bytesInto', { chunks: fullChunks, end, viewSizes: fc.array(size, { minLength: 1, maxLength: 5 }), pull: choice('respond', 'enqueue'), autoAllocateChunkSize: maybe(size) }),
  'stream-tee': scenario('tee', { chunks, end, firstReads: choice(0, 1, 100), secondReads: choice(0, 2, 100) }),
  'stream-pipe': scenario('pipe', { chunks, end, failAt: choice(0, 0, 1, 2), options: fc.record({ preventClose: fc.boolean(), preventAbort: fc.boolean(), preventCancel: fc.boolean() }, { requiredKeys: [] }), sinkHighWaterMark: choice(1, 3) }),
  'stream-pipe-signal': scenario('piped', { chunks, end, aborted: choice('before', 'during', 'never') }),
  'stream-iteration': scenario('iterated', { chunks, end, stopAfter: choice(1, 2, 100), preventCancel: fc.boolean() }),
  'stream-text-decoder': scenario('decoded', { chunks: byteChunks, label: choice('utf-8', 'utf-16le', 'latin1', 'none'), options: fc.record({ fatal: fc.boolean(), ignoreBOM: fc.boolean() }, { requiredKeys: [] }) }),
  'stream-text-encoder': scenario('encoded', { chunks: fc.array(fc.oneof(text, fc.constantFrom<Value>({ $: 'text', of: [0xd83d] }, { $: 'text', of: [0xde00, 0x61] }, 7, null)), { maxLength: 5 }) }),
  'stream-compression': scenario('compressed', { chunks: byteChunks, format: choice('gzip', 'deflate', 'deflate-raw'), damage: choice('', '', 'cut', 'append'), at: fc.nat(40), extra: byteList }),
};

const listener = fc.record({ form: choice('function', 'object'), act: choice('', '', 'stop', 'prevent', 'remove', 'again', 'add'), options: fc.oneof<Arbitrary<Value>[]>(fc.constant(false), fc.record({ once: fc.boolean(), capture: choice(false, false, false, true) }, { requiredKeys: [] })) });

const EVENTS = {
  'event-dispatch': scenario('dispatch', { listeners: fc.array(listener, { minLength: 1, maxLength: 4 }), event: fc.record({ cancelable: fc.boolean(), bubbles: fc.boolean() }, { requiredKeys: [] }) }),
  'task-order': scenario('order', { acts: fc.array(choice('microtask', 'nested', 'promise', 'awaits', 'timeout', 'late', 'cleared'), { minLength: 2, maxLength: 6 }) }),
};

const headerChange = fc.oneof(fc.tuple(headerName, headerValue).chain((args) => choice({ call: 'append', args }, { call: 'set', args })), headerName.map((name) => ({ call: 'delete', args: [name] })));
const textChange = fc.oneof(fc.tuple(text, text).chain((args) => choice({ call: 'append', args }, { call: 'set', args })), text.map((name) => ({ call: 'delete', args: [name] })));

const LISTS = {
  'headers-walk': scenario('walked', { name: choice('Headers'), init: fc.array(fc.tuple(choice('a', 'B', 'set-cookie', 'x'), choice('1', '2')), { maxLength: 3 }), changes: fc.array(headerChange, { maxLength: 3 }) }),
  'search-params-walk': scenario('walked', { name: choice('URLSearchParams'), init: fc.array(fc.tuple(text, text), { maxLength: 3 }), changes: fc.array(textChange, { maxLength: 3 }) }),
  'form-data-walk': scenario('walked', { name: choice('FormData'), init: fc.constant({ $: 'undefined' }), changes: fc.array(textChange, { maxLength: 3 }) }),
  'clone-transfer': scenario('transferred', { sizes: fc.array(fc.nat(8), { minLength: 1, maxLength: 3 }), transfer: fc.array(fc.nat(2), { maxLength: 3 }), views: fc.array(fc.tuple(fc.nat(2), fc.nat(9)), { maxLength: 2 }) }),
};

const hash = choice('SHA-1', 'SHA-256', 'SHA-384', 'SHA-512', { name: 'sha-256' });
const keyOf = (...sizes: number[]): Arbitrary<Value> => fc.constantFrom(...sizes).chain((length) => fc.array(fc.nat(255), { minLength: length, maxLength: length })).map((of) => ({ $: 'bytes', of }));

const KEYS = {
  'key-hmac': scenario('hmac', { key: keyOf(0, 1, 20, 70), hash, data: bytes, length: maybe(choice(0, 7, 8, 160)) }),
  'key-aes': fc.constantFrom('AES-CBC', 'AES-GCM', 'AES-CTR').chain((name) => scenario('encrypted', { name: fc.constant(name), key: keyOf(16, 16, 24, 32, 5), iv: keyOf(16, 16, 12, 0), data: mostly(bytes), additionalData: maybe(bytes), tagLength: maybe(choice(128, 96, 32, 33)), counterBits: choice(64, 1, 0, 129) })),
  'key-derived': fc.constantFrom('HKDF', 'PBKDF2').chain((name) => scenario('derived', { name: fc.constant(name), key: keyOf(0, 8), hash, salt: bytes, info: bytes, iterations: choice(1, 100, 0), bits: choice(128, 8, 0, 7, null) })),
  'key-wrapped': scenario('wrapped', { key: keyOf(16, 32), wrapping: keyOf(16, 24, 32, 8), format: choice('raw', 'jwk', 'spki') }),
  'key-pair': scenario('pair', { algorithm: choice({ name: 'ECDSA', namedCurve: 'P-256' }, { name: 'ECDSA', namedCurve: 'P-384' }, { name: 'ECDSA', namedCurve: 'P-1' }, { name: 'Ed25519' }), usages: choice(['sign', 'verify'], ['sign'], ['verify'], ['encrypt'], []), data: bytes, damage: fc.boolean() }),
};

const HTML_PARTS = ['<p>', '</p>', '<div class="a b">', '</div>', '<a href=x id="i">', '</a>', '<br>', '<img src=\'y\'/>', 'text', '&amp;', '&lt', '<!-- c -->', '<!doctype html>', '<ul><li>1<li>2</ul>', '<script>if (a < b) "</p>"</script>', '<style>p{}</style>', '<textarea><p></textarea>', '<svg><path/></svg>', '<table><tr><td>x</table>', ' ', '\n', 'ä', '<P>', '</P >', '<x-y data-z>', '</x-y>', '<', '</', '<title>t</title>', '<span a=1 a=2>', '</span>'];
const html = fc.array(fc.constantFrom(...HTML_PARTS), { maxLength: 8 }).map((parts) => parts.join(''));
const selector = choice('p', '*', 'div.a', '#i', 'a[href]', 'a[href="x"]', 'div p', 'div > p', 'li:nth-child(2)', 'li:first-child', 'p:not(.a)', 'x-y', 'script', 'textarea', 'img', 'br', '[data-z]', 'svg', 'path', 'title', 'td', 'span[a^="1"]');
const handler = fc.record({ selector, part: choice('element', 'element', 'element', 'text', 'comments'), act: choice('before', 'after', 'prepend', 'append', 'replace', 'setInnerContent', 'remove', 'removeAndKeepContent', 'attribute', 'read', 'tag', 'end'), content: choice('<b>new</b>', '&', '', 'ä"'), asHtml: maybe(fc.boolean()) });

const REWRITER = {
  'html-rewriter': scenario('rewritten', { html, handlers: fc.array(handler, { maxLength: 3 }) }),
  'html-rewriter-selector': fc.oneof(selector, choice('', '>', 'p >', 'p + p', 'p ~ p', ':hover', 'p:nth-child(2n+1)', 'p:nth-of-type(2)', 'p:first-of-type', '[a=b i]', '[a="b" s]', 'p,a', 'p::before', '#', '.', '[', '*.a#b', 'p:not(a b)', ':is(p)', 'svg|path', 'P', '[A]'), odd).map((given): Program => [{ scenario: 'rewriterFault', args: [{ selector: given }] }]),
};

export const SCENARIOS: Readonly<Record<string, Arbitrary<Program>>> = { ...STREAMS, ...EVENTS, ...LISTS, ...KEYS, ...REWRITER };
