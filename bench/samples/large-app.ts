import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { random } from './random.ts';

/** As large as a Worker with a framework, a validator, a parser and a few hundred routes of its own becomes. */
export const LARGE_APP_BYTES = 500_000;

/** Two sizes that show what a route adds. */
const ROUTES_FEW = 10;
const ROUTES_MORE = 110;

const NAMES = ['account', 'basket', 'coupon', 'delivery', 'event', 'folder', 'gift', 'holiday', 'invoice', 'job', 'key', 'ledger', 'message', 'note', 'order', 'price'];

/** One route in so many checks its input with a schema; a schema is a large object, and most code of a large app is other code. */
const ROUTES_PER_SCHEMA = 8;

/** A bundle of about {@link LARGE_APP_BYTES} that no other index gives: Hono, zod, yaml, and routes of its own. Its first answer says `"served":1`. */
export async function largeApp(index: number): Promise<string> {
  const [few, more] = [await bundle(source(index, ROUTES_FEW)), await bundle(source(index, ROUTES_MORE))];
  const bytesPerRoute = (more.length - few.length) / (ROUTES_MORE - ROUTES_FEW);
  return bundle(source(index, ROUTES_FEW + Math.round((LARGE_APP_BYTES - few.length) / bytesPerRoute)));
}

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('../../', import.meta.url)), loader: 'js' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    minify: true,
    legalComments: 'none',
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}

function source(index: number, routes: number): string {
  const next = random(index);
  return `import { Hono } from 'hono';
import * as z from 'zod';
import { parse, stringify } from 'yaml';

const app = new Hono();
let served = 0;
const settings = parse('region: eu-${index}\\nretries: 3\\nregions: [eu, us, ap]\\n');
app.get('/', (context) => context.json({ app: 'large-${index}', served: ++served, settings }));
app.get('/settings.yaml', (context) => context.text(stringify(settings)));
${Array.from({ length: routes }, (_, route) => routeSource(index, route, next)).join('\n')}
export default app;
`;
}

function routeSource(index: number, route: number, next: () => number): string {
  const pick = (): string => NAMES[Math.floor(next() * NAMES.length)]!;
  const name = `${pick()}_${pick()}_${index}_${route}`;
  const rates = Array.from({ length: 6 }, () => Math.floor(next() * 100_000));
  const fields = `id: z.number().int().min(${rates[0]}), ${name}: z.string().max(${1 + (rates[1]! % 200)}), kind: z.enum(['${pick()}-a', '${pick()}-b']), tags: z.array(z.string()).optional()`;
  const hasSchema = route % ROUTES_PER_SCHEMA === 0;
  return `
const rates_${route} = { standard: ${rates[2]}, express: ${rates[3]}, ${name}: ${rates[4]} };
class Quote_${route} {
  #order;
  constructor(order) {
    this.#order = order;
  }
  get base() {
    return rates_${route}[this.#order.kind] ?? ${rates[5]};
  }
  total() {
    const { tags, lines = [] } = this.#order;
    if (tags?.includes('${name}-gift')) return { total: this.base + ${rates[0]}, label: '${name} as a gift' };
    const sum = lines.reduce((all, { price, quantity }) => all + price * quantity, this.base);
    return { total: Math.round(sum * ${1 + next()}), label: '${pick()} ${pick()} ' + this.#order.id };
  }
}
${hasSchema ? `const schema_${route} = z.object({ ${fields} });` : `function check_${route}(order) {
  if (!Number.isInteger(order.id) || order.id < ${rates[0]}) return '${name} has no valid id';
  return typeof order.${name} === 'string' && order.${name}.length <= ${1 + (rates[1]! % 200)} ? undefined : '${name} is too long';
}`}
app.post('/${name}/:id', async (context) => {
  const order = { ...(await context.req.json()), id: Number(context.req.param('id')) };
  const error = ${hasSchema ? `schema_${route}.safeParse(order).error?.message` : `check_${route}(order)`};
  return error === undefined ? context.json(new Quote_${route}(order).total()) : context.json({ error }, 422);
});`;
}
