import assert from 'node:assert/strict';
import type { Nanos } from '../support/start-nanos.ts';

/** One code base, three tenants: each with its own `env`, and an isolate of its own. */
export async function checkStorefront(host: Nanos): Promise<void> {
  const shops = { storefront: ['Corner Shop', 'tea', '€4.50'], 'acme-shop': ['Acme', 'anvil', '$99.90'], 'globex-shop': ['Globex', 'laser', '£1,200.00'] } as const;
  for (const [app, [shop, item, price]] of Object.entries(shops)) {
    assert.deepEqual((await host.request(app, `/${item}`)).json(), { shop, item, price });
  }
  assert.deepEqual((await host.request('acme-shop', '/laser')).json(), { error: 'Acme has no laser' });
  const { visits } = (await host.request('storefront')).json() as { visits: number };
  assert.equal(visits, 2, 'another tenant has counted');
}
