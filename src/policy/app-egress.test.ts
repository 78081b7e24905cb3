import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../util/test-properties.ts';
import { defaultOperatorPolicy, operatorFileSchema } from '../protocol/operator.ts';
import type { EgressPolicy } from '../protocol/app.ts';
import { deniedHosts, effectiveEgress } from './app-egress.ts';

const operatorWith = (hosts: readonly string[] | undefined) => operatorFileSchema.parse({ egress: { ...(hosts === undefined ? {} : { hosts }), private: ['loopback'] } });

describe('effectiveEgress', () => {
  it('allows any public host and nothing private when nobody says anything', () => {
    assert.deepEqual(effectiveEgress(undefined, defaultOperatorPolicy(), 'a'), { hosts: undefined, privateRanges: [] });
  });
  it('takes the narrower of both', () => {
    assert.deepEqual(effectiveEgress(['a.com'], operatorWith(undefined), 'a').hosts, ['a.com']);
    assert.deepEqual(effectiveEgress(undefined, operatorWith(['a.com']), 'a').hosts, ['a.com']);
    assert.deepEqual(effectiveEgress([], operatorWith(undefined), 'a').hosts, []);
    assert.deepEqual(effectiveEgress(['x.a.com', 'b.com', '*.y.a.com'], operatorWith(['*.a.com']), 'a').hosts, ['x.a.com', '*.y.a.com']);
    assert.deepEqual(effectiveEgress(['*.com'], operatorWith(['*.a.com', 'b.com', 'c.org']), 'a').hosts, ['*.a.com', 'b.com']);
    assert.deepEqual(effectiveEgress(['a.com'], operatorWith(['*.a.com']), 'a').hosts, []);
    assert.deepEqual(effectiveEgress(['xa.com'], operatorWith(['*.a.com']), 'a').hosts, []);
  });
  it('takes the word for one app in place of that for all, and private ranges from the operator alone', () => {
    const operator = operatorFileSchema.parse({ egress: { hosts: ['a.com'] }, tenants: { b: { egress: { hosts: ['b.com'], private: ['10.0.0.0/8'] } } } });
    assert.deepEqual(effectiveEgress(undefined, operator, 'b'), { hosts: ['b.com'], privateRanges: ['10.0.0.0/8'] });
    assert.deepEqual(effectiveEgress(undefined, operator, 'c'), { hosts: ['a.com'], privateRanges: [] });
  });
  it('allows exactly the hosts that both allow', () => {
    const name = fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
    const patterns = fc.option(fc.array(fc.tuple(fc.constantFrom('', '*.'), name).map((parts) => parts.join('')), { maxLength: 4 }), { nil: undefined });
    fc.assert(
      fc.property(patterns, patterns, name, (requested, allowed, host) => {
        const { hosts } = effectiveEgress(requested, operatorWith(allowed), 'app');
        assert.equal(matches(hosts, host), matches(requested, host) && matches(allowed, host));
      }),
    );
  });
});

describe('deniedHosts', () => {
  it('names what was asked for and not granted in full', () => {
    const granted: EgressPolicy = effectiveEgress(['a.com', 'b.com', '*.com'], operatorWith(['a.com']), 'a');
    assert.deepEqual(deniedHosts(['a.com', 'b.com', '*.com'], granted), ['b.com', '*.com']);
    assert.deepEqual(deniedHosts(undefined, granted), []);
    assert.deepEqual(deniedHosts(['a.com'], effectiveEgress(['a.com'], operatorWith(undefined), 'a')), []);
  });
});

function matches(patterns: readonly string[] | undefined, host: string): boolean {
  return patterns?.some((pattern) => (pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern)) ?? true;
}
