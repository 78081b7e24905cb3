import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { random } from './random.ts';

/** As large as a Worker with a framework, a validator, a parser and a few hundred routes of its own becomes. */
export const LARGE_APP_BYTES = 500_000;

/** Two sizes that show what a route adds. */
const ROUTES_FEW = 10;
const ROUTES_MORE = 110;

const NAMES = ['account', 'basket', 'coupon', 'delivery', 'event', 'folder', 'gift', 'holiday', 'invoice', 'job', 'key', 'ledger', 'message', 'note', 'order', 'price'];

/** A bundle of about {@link LARGE_APP_BYTES} that no other index gives: Hono, zod, yaml and routes with schemas. Its first answer says `"served":1`. */
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
  return `
const schema_${route} = z.object({ id: z.number().int().min(${rates[0]}), ${name}: z.string().max(${1 + (rates[1]! % 200)}), kind: z.enum(['${pick()}-a', '${pick()}-b', '${pick()}-c']), tags: z.array(z.string()).optional() });
const rates_${route} = new Map(Object.entries({ standard: ${rates[2]}, express: ${rates[3]}, ${name}: ${rates[4]} }));
function total_${route}(order) {
  const base = rates_${route}.get(order.kind) ?? ${rates[5]};
  if (order.tags?.includes('${name}-gift')) return { total: base + ${rates[0]}, label: '${name} as a gift' };
  return { total: Math.round(base * ${1 + next()}), label: '${pick()} ${pick()} ' + order.id };
}
app.post('/${name}/:id', async (context) => {
  const parsed = schema_${route}.safeParse({ ...(await context.req.json()), id: Number(context.req.param('id')) });
  if (!parsed.success) return context.json({ error: '${name} is not valid', issues: parsed.error.issues }, 422);
  return context.json(total_${route}(parsed.data));
});`;
}
