/** Programs for the probe, one kind for each part of the web API. */
import { type Arbitrary, fc } from '../../../src/util/test-properties.ts';
import { anyText, blob, body, byteList, bytes, cloneable, form, headerName, headersInit, headerValue, missing, mostly, odd, stream, text, type Value } from './values.ts';

/** As probe/index.js performs it; `on` is the number of an earlier step. */
export interface Step {
  readonly make?: string;
  readonly call?: string;
  readonly get?: string;
  readonly set?: string;
  /** a function of probe/scenarios */
  readonly scenario?: string;
  readonly on?: number;
  readonly args?: readonly Value[];
  readonly value?: Value;
}

export type Program = readonly Step[];

const make = (name: string, ...args: Arbitrary<Value>[]): Arbitrary<Step> => fc.tuple(...args).map((given) => ({ make: name, args: given }));
const call = (name: string, ...args: Arbitrary<Value>[]): Arbitrary<Step> => fc.tuple(...args).map((given) => ({ call: name, args: given }));
const set = (name: string, value: Arbitrary<Value>): Arbitrary<Step> => value.map((given) => ({ set: name, value: given }));
const result = (index: number): Arbitrary<Value> => fc.constant({ $: 'result', of: index });

/** One step, then some on what it made. */
function then(first: Arbitrary<Step>, more: readonly Arbitrary<Step>[], maxLength = 4): Arbitrary<Program> {
  return fc.tuple(first, fc.array(fc.oneof(...more), { maxLength })).map(([start, rest]) => [start, ...rest.map((step) => ({ on: 0, ...step }))]);
}

const URL_PARTS = ['http://', 'https://', 'file://', 'a:', 'javascript:', 'ws://', 'blob:', 'example.com', 'EXAMPLE.com', 'xn--', 'ä.de', '127.0.0.1', '0x7f.1', '1.2.3', '[::1]', '[1::2::3]', ':80', ':443', ':65536', '/a/../b', '/%2e%2E/', '\\x', '?q=1&q=2', '?%', '#frag', '#', '?', 'user:pa ss@', '//', ' ', '\t', '|', '^', 'C|/', '%41', '日本'];
const urlText = fc.oneof(fc.array(fc.constantFrom(...URL_PARTS), { minLength: 1, maxLength: 5 }).map((parts) => parts.join('')), fc.webUrl({ withQueryParameters: true, withFragments: true }), text);
const label = fc.constantFrom('utf-8', 'UTF8', ' latin1 ', 'utf-16le', 'utf-16be', 'windows-1252', 'shift_jis', 'gbk', 'big5', 'euc-kr', 'iso-8859-2', 'koi8-r', 'x-user-defined', 'replacement', 'none', 'ibm866', 'gb18030', 'euc-jp', 'iso-2022-jp', 'macintosh');
const flags = fc.record({ fatal: fc.boolean(), ignoreBOM: fc.boolean() }, { requiredKeys: [] });
const utf8ish = fc.oneof(byteList, fc.array(fc.constantFrom(0x41, 0x80, 0xbf, 0xc0, 0xc3, 0xe2, 0x82, 0xac, 0xed, 0xa0, 0xf0, 0x9f, 0x98, 0x80, 0xf5, 0xef, 0xbb, 0xbf, 0xff), { maxLength: 8 })).map((of) => ({ $: 'bytes', of }));
const method = fc.constantFrom('GET', 'get', 'POST', 'patch', 'PATCH', 'HEAD', 'TRACE', 'connect', 'x y', '', 'DELETE');
const requestInit = fc.record({ method, headers: headersInit, body, redirect: fc.constantFrom('follow', 'manual', 'error', 'odd') }, { requiredKeys: [] });
const responseInit = fc.record({ status: fc.constantFrom<Value>(200, 199, 204, 205, 304, 600, 101, 418, 404.9, '201', -1), statusText: fc.oneof(fc.constantFrom('OK', 'Nöt', 'a\nb', ''), text), headers: headersInit }, { requiredKeys: [] });
const readings = ['text', 'json', 'arrayBuffer', 'bytes', 'blob', 'formData', 'clone'].map((name) => call(name));
const hashName = mostly(fc.constantFrom<Value>('SHA-256', 'sha-1', 'SHA-384', 'SHA-512', { name: 'SHA-256' }, 'MD4'));
const date = fc.constantFrom<Value>('a', 'b', 'keydown', '');

export const PROGRAMS: Readonly<Record<string, Arbitrary<Program>>> = {
  url: then(make('URL', mostly(urlText), fc.oneof(missing, missing, urlText)), ['href', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'].map((part) => set(part, fc.oneof(fc.constantFrom(...URL_PARTS), anyText)))),
  'url-statics': fc.array(fc.oneof(call('URL.canParse', mostly(urlText), fc.oneof(missing, urlText)), call('URL.parse', mostly(urlText), fc.oneof(missing, urlText))), { minLength: 1, maxLength: 2 }),
  'url-search-params': then(make('URLSearchParams', mostly(fc.oneof<Arbitrary<Value>[]>(anyText, fc.array(fc.tuple(text, text), { maxLength: 3 }), fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true })))), [call('append', anyText, anyText), call('delete', text), call('delete', text, text), call('set', text, mostly(text)), call('sort'), call('has', text, fc.oneof(missing, text)), call('getAll', text), call('toString')]),
  headers: then(make('Headers', mostly(headersInit)), [call('append', headerName, headerValue), call('set', headerName, mostly(headerValue)), call('get', headerName), call('has', headerName), call('delete', headerName), call('getSetCookie')]),
  request: then(make('Request', mostly(fc.oneof(urlText, fc.constant('https://example.com/'))), mostly(requestInit)), readings),
  response: then(make('Response', fc.oneof(body, odd), mostly(responseInit)), readings),
  'response-json': then(call('Response.json', fc.oneof(cloneable, odd), mostly(responseInit)), readings),
  'response-redirect': call('Response.redirect', urlText, fc.oneof(missing, fc.constantFrom<Value>(301, 302, 303, 307, 308, 200, 'x'))).map((step) => [step]),
  'form-data': fc.tuple(make('Response', form), call('formData')).map(([first, second]) => [first, { ...second, on: 0 }]),
  'multipart-body': fc
    .tuple(fc.constantFrom('multipart/form-data; boundary=b', 'multipart/form-data; boundary="b"', 'multipart/form-data', 'application/x-www-form-urlencoded', 'text/plain'), fc.array(fc.constantFrom('--b', '\r\n', '--b--', 'Content-Disposition: form-data; name="a"', '; filename="f"', 'content-type: text/plain', '\r\n\r\n', 'x', '=', '&', '+', '%41', '\n'), { maxLength: 10 }))
    .map(([type, parts]) => [{ make: 'Response', args: [parts.join(''), { headers: { 'content-type': type } }] }, { call: 'formData', on: 0 }]),
  'text-decoder': then(make('TextDecoder', mostly(label), mostly(flags)), [call('decode', mostly(utf8ish), fc.oneof(missing, fc.record({ stream: fc.boolean() }))), call('decode')]),
  'text-encoder': then(make('TextEncoder'), [call('encode', fc.oneof(anyText, odd)), call('encodeInto', anyText, mostly(bytes))]),
  base64: fc.array(fc.oneof(call('atob', fc.oneof(text, fc.base64String({ maxLength: 12 }), odd)), call('btoa', fc.oneof(anyText, odd))), { minLength: 1, maxLength: 3 }),
  'structured-clone': fc.array(call('structuredClone', cloneable), { minLength: 1, maxLength: 2 }),
  blob: then(make('Blob', mostly(fc.array(fc.oneof<Arbitrary<Value>[]>(text, bytes, blob), { maxLength: 3 })), mostly(fc.record({ type: text, endings: fc.constantFrom('transparent', 'native', 'x') }, { requiredKeys: [] }))), [call('slice', mostly(fc.integer({ min: -5, max: 9 })), mostly(fc.integer({ min: -5, max: 9 })), fc.oneof(missing, text)), call('text'), call('arrayBuffer')]),
  file: then(make('File', mostly(fc.array(text, { maxLength: 2 })), mostly(text), mostly(fc.record({ type: text, lastModified: fc.integer() }, { requiredKeys: [] }))), [call('text'), call('slice', fc.integer({ min: -2, max: 3 }))]),
  'form-data-entries': then(make('FormData'), [call('append', text, mostly(fc.oneof<Arbitrary<Value>[]>(text, blob))), call('set', text, blob, text), call('delete', text), call('getAll', text), call('has', text)]),
  'crypto-digest': fc.array(call('crypto.subtle.digest', hashName, mostly(bytes)), { minLength: 1, maxLength: 2 }),
  'crypto-hmac': fc.tuple(call('crypto.subtle.importKey', fc.constantFrom('raw', 'jwk', 'odd'), mostly(bytes), mostly(fc.record({ name: fc.constantFrom('HMAC', 'hmac', 'AES-GCM', 'none'), hash: hashName })), mostly(fc.boolean()), mostly(fc.subarray(['sign', 'verify', 'encrypt']))), call('crypto.subtle.sign', fc.constant('HMAC'), result(0), bytes)),
  event: then(make('Event', mostly(date), mostly(fc.record({ bubbles: fc.boolean(), cancelable: fc.boolean() }, { requiredKeys: [] }))), [call('preventDefault'), call('stopPropagation'), call('composedPath')]),
  abort: fc.array(fc.oneof(call('AbortSignal.abort', fc.oneof(text, odd)), call('AbortSignal.timeout', fc.oneof(odd, fc.constant(-1))), call('AbortSignal.any', odd)), { minLength: 1, maxLength: 2 }),
  'stream-reading': fc.tuple(make('Response', stream), fc.oneof(...readings)).map(([first, second]) => [first, { ...second, on: 0 }, { get: 'bodyUsed', on: 0 }]),
  compression: fc.tuple(fc.constantFrom('gzip', 'deflate', 'deflate-raw', 'br2'), bytes).map(([format, value]) => [{ make: 'DecompressionStream', args: [format] }, { make: 'Response', args: [value] }, { get: 'body', on: 1 }, { call: 'pipeThrough', on: 2, args: [{ $: 'result', of: 0 }] }, { make: 'Response', args: [{ $: 'result', of: 3 }] }, { call: 'text', on: 4 }]),
  'url-pattern': then(make('URLPattern', mostly(fc.oneof<Arbitrary<Value>[]>(fc.record({ pathname: fc.constantFrom('/a/:b', '/*', '/(\\d+)', '/:', '{/x}?', '/ä') }), fc.constantFrom('https://example.com/:a', ':b', '*'))), fc.oneof(missing, fc.constant('https://example.com'))), [call('test', mostly(urlText)), call('exec', fc.constantFrom<Value>('https://example.com/a/b', { pathname: '/a/1' }))]),
};
