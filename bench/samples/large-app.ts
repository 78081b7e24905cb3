import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { random } from './random.ts';

/** As large as a Worker with a framework, a validator, a parser and a few hundred parts of its own becomes. */
export const LARGE_APP_BYTES = 500_000;

/** Two sizes that show what a part adds. */
const PARTS_FEW = 10;
const PARTS_MORE = 110;

const NAMES = ['account', 'basket', 'coupon', 'delivery', 'event', 'folder', 'gift', 'holiday', 'invoice', 'job', 'key', 'ledger', 'message', 'note', 'order', 'price'];

/** One part in so many checks its input with a schema; a schema is a large object, and most code of a large app is other code. */
const PARTS_PER_SCHEMA = 8;
/** One in so many has a route of its own. Hono builds its router in the first request, and that time would stand for the app's start. */
const PARTS_PER_ROUTE = 32;

/** A bundle of about {@link LARGE_APP_BYTES} that no other index gives: Hono, zod, yaml, and parts of its own. Its first answer says `"served":1`. */
export async function largeApp(index: number): Promise<string> {
  const [few, more] = [await bundle(source(index, PARTS_FEW)), await bundle(source(index, PARTS_MORE))];
  const bytesPerPart = (more.length - few.length) / (PARTS_MORE - PARTS_FEW);
  return bundle(source(index, PARTS_FEW + Math.round((LARGE_APP_BYTES - few.length) / bytesPerPart)));
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

function source(index: number, parts: number): string {
  const next = random(index);
  return `import { Hono } from 'hono';
import * as z from 'zod';
import { parse, stringify } from 'yaml';

const app = new Hono();
const handlers = new Map();
let served = 0;
const settings = parse('region: eu-${index}\\nretries: 3\\nregions: [eu, us, ap]\\n');
app.get('/', (context) => context.json({ app: 'large-${index}', served: ++served, settings }));
app.get('/settings.yaml', (context) => context.text(stringify(settings)));
app.post('/parts/:name/:id', (context) => handlers.get(context.req.param('name'))?.(context) ?? context.notFound());
${Array.from({ length: parts }, (_, part) => partSource(index, part, next)).join('\n')}
export default app;
`;
}

function partSource(index: number, part: number, next: () => number): string {
  const pick = (): string => NAMES[Math.floor(next() * NAMES.length)]!;
  const name = `${pick()}_${pick()}_${index}_${part}`;
  const rates = Array.from({ length: 6 }, () => Math.floor(next() * 100_000));
  const fields = `id: z.number().int().min(${rates[0]}), ${name}: z.string().max(${1 + (rates[1]! % 200)}), kind: z.enum(['${pick()}-a', '${pick()}-b']), tags: z.array(z.string()).optional()`;
  const hasSchema = part % PARTS_PER_SCHEMA === 0;
  return `
const rates_${part} = { standard: ${rates[2]}, express: ${rates[3]}, ${name}: ${rates[4]} };
class Quote_${part} {
  #order;
  constructor(order) {
    this.#order = order;
  }
  get base() {
    return rates_${part}[this.#order.kind] ?? ${rates[5]};
  }
  total() {
    const { tags, lines = [] } = this.#order;
    if (tags?.includes('${name}-gift')) return { total: this.base + ${rates[0]}, label: '${name} as a gift' };
    const sum = lines.reduce((all, { price, quantity }) => all + price * quantity, this.base);
    return { total: Math.round(sum * ${1 + next()}), label: '${pick()} ${pick()} ' + this.#order.id };
  }
}
${hasSchema ? `const schema_${part} = z.object({ ${fields} });` : `function check_${part}(order) {
  if (!Number.isInteger(order.id) || order.id < ${rates[0]}) return '${name} has no valid id';
  return typeof order.${name} === 'string' && order.${name}.length <= ${1 + (rates[1]! % 200)} ? undefined : '${name} is too long';
}`}
handlers.set('${name}', async (context) => {
  const order = { ...(await context.req.json()), id: Number(context.req.param('id')) };
  const error = ${hasSchema ? `schema_${part}.safeParse(order).error?.message` : `check_${part}(order)`};
  return error === undefined ? context.json(new Quote_${part}(order).total()) : context.json({ error }, 422);
});
${part % PARTS_PER_ROUTE === 0 ? `app.post('/${name}/:id', handlers.get('${name}'));` : ''}`;
}
