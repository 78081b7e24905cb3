/** `--dev`: whoever writes an app sees what went wrong and where, in the source as it was written. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startNanos } from '../support/start-nanos.ts';

const MAIN = `import { price } from './price.ts';

interface Order { readonly amount: number }

export default {
  async fetch(request: Request): Promise<Response> {
    const order: Order = { amount: Number(new URL(request.url).searchParams.get('amount')) };
    await null;
    return Response.json(price(order.amount));
  },
};
`;

const PRICE = `type Euro = number;

export function price(amount: number): Euro {
  if (Number.isNaN(amount) || amount < 0) {
    throw new RangeError(\`No price for \${amount} <b>&amp;\`);
  }
  return amount * 2;
}
`;

const nanos = await startNanos({ after }, { files: { 'shop/src/index.ts': MAIN, 'shop/src/price.ts': PRICE }, args: ['--dev'] });

interface ErrorBody {
  error: { code: string; message: string; stack: string };
}

test('JSON with the message and the source-mapped stack', async () => {
  const { status, headers, text } = await nanos.request('shop', '/?amount=-1');
  assert.deepEqual([status, headers['x-nanos-error']], [500, 'app_threw']);
  const { error } = JSON.parse(text) as ErrorBody;
  assert.equal(error.message, 'RangeError: No price for -1 <b>&amp;');
  assert.match(error.stack, /^RangeError: No price for -1 <b>&amp;\n +at price \(src\/price\.ts:5:11\)\n +at .*src\/index\.ts:9:26/);
  assert.doesNotMatch(text, /nanos:api|app\.js|\/tmp\//);
});

test('HTML with the same, escaped', async () => {
  const { text } = await nanos.request('shop', '/?amount=-1', { headers: { accept: 'text/html' } });
  assert.match(text, /<pre>RangeError: No price for -1 &lt;b&gt;&amp;amp;[^<]*src\/price\.ts:5:11/);
});

test('the log has the stack, too', async () => {
  const { headers } = await nanos.request('shop', '/?amount=-2');
  const { message = '' } = await nanos.waitForLog((line) => line['request_id'] === headers['x-request-id'] && line.level === 'error');
  assert.match(message, /src\/price\.ts:5:11/);
});

test('what works is not changed', async () => {
  assert.equal((await nanos.request('shop', '/?amount=4')).text, '8');
});
