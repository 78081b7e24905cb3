interface Env {
  readonly SHOP: string;
  readonly CURRENCY: string;
  readonly PRICES: Readonly<Record<string, number>>;
}

// no other tenant's: each has an isolate of its own
let visits = 0;

export default {
  fetch(request: Request, env: Env): Response {
    visits++;
    const item = new URL(request.url).pathname.slice(1);
    if (item === '') return Response.json({ shop: env.SHOP, items: Object.keys(env.PRICES), visits });
    if (!Object.hasOwn(env.PRICES, item)) return Response.json({ error: `${env.SHOP} has no ${item}` }, { status: 404 });
    const price = new Intl.NumberFormat('en', { style: 'currency', currency: env.CURRENCY }).format(env.PRICES[item]);
    return Response.json({ shop: env.SHOP, item, price });
  },
} satisfies ExportedHandler<Env>;
