/** Work with parts of the web API: `GET /PART?times=N`. A guest's own clock stands still while it runs, so it is timed from outside. */
const TEXT = 'Grüße, 世界! '.repeat(62_500);
const BYTES = new TextEncoder().encode(TEXT);
const KILOBYTES_64 = new Uint8Array(65_536).fill(7);
const CHUNK = new Uint8Array(16_384).fill(120);

const PARTS = {
  url(index) {
    const url = new URL(`https://user@example.com:8443/a/b/../c?item=${index}&x=%20y#part`);
    url.searchParams.append('page', '2');
    return url.href.length;
  },

  headers(index) {
    const headers = new Headers({ 'content-type': 'text/html; charset=utf-8', accept: '*/*', 'x-request': `${index}` });
    headers.append('vary', 'accept');
    headers.set('cache-control', 'no-store');
    return [...headers].length + headers.get('VARY').length;
  },

  async messages(index) {
    const request = new Request('https://example.com/', { method: 'POST', body: JSON.stringify({ index }), headers: { 'content-type': 'application/json' } });
    const response = Response.json({ got: (await request.json()).index });
    return (await response.clone().text()).length;
  },

  encode: () => new TextEncoder().encode(TEXT).length,

  decode: () => new TextDecoder().decode(BYTES).length,

  async pipe() {
    let left = 64;
    const source = new ReadableStream({ pull: (controller) => (left-- > 0 ? controller.enqueue(CHUNK) : controller.close()) });
    const doubled = source.pipeThrough(new TransformStream({ transform: (chunk, controller) => controller.enqueue(chunk) }));
    let read = 0;
    for await (const chunk of doubled) read += chunk.length;
    return read;
  },

  digest: async () => (await crypto.subtle.digest('SHA-256', KILOBYTES_64)).byteLength,
};

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const part = PARTS[pathname.slice(1)];
    const times = Number(searchParams.get('times'));
    let sum = 0;
    for (let index = 0; index < times; index++) sum += await part(index);
    return new Response(String(sum));
  },
};
