/** Three Workers for throughput, as source that every Workers runtime takes. servers/bare-node.ts does the same on node:http. */

export const HELLO_TEXT = 'Hello, world!';
export const STREAM_BYTES = 10 * 1024 * 1024;
export const CHUNK_BYTES = 64 * 1024;

export interface ThroughputApp {
  readonly name: 'hello' | 'echo' | 'stream';
  readonly title: string;
  readonly method: 'GET' | 'POST';
  readonly body: string;
  readonly source: string;
}

const hello = `export default { fetch() { return new Response(${JSON.stringify(HELLO_TEXT)}) } };\n`;

const echo = 'export default { async fetch(request) { return Response.json(await request.json()) } };\n';

const stream = `export default {
  fetch() {
    let left = ${STREAM_BYTES};
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(${CHUNK_BYTES}).fill(120));
        left -= ${CHUNK_BYTES};
        if (left === 0) controller.close();
      },
    });
    return new Response(body, { headers: { 'content-type': 'application/octet-stream' } });
  },
};
`;

export const THROUGHPUT_APPS: readonly ThroughputApp[] = [
  { name: 'hello', title: 'hello', method: 'GET', body: '', source: hello },
  { name: 'echo', title: 'JSON echo, 1 KB', method: 'POST', body: jsonOfOneKilobyte(), source: echo },
  { name: 'stream', title: '10 MB streamed', method: 'GET', body: '', source: stream },
];

/** An order with lines, 1,024 bytes. */
export function jsonOfOneKilobyte(): string {
  const lines = Array.from({ length: 12 }, (_, index) => ({ sku: `part-${1000 + index}`, quantity: index + 1, price: 9.95 * (index + 1), note: '' }));
  const order = { id: 'b7d3a3f0', customer: { name: 'Ada Löwe', country: 'DE' }, paid: true, lines, comment: '' };
  const missing = 1024 - Buffer.byteLength(JSON.stringify(order));
  return JSON.stringify({ ...order, comment: 'x'.repeat(missing) });
}
