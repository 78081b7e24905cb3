import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { agentEgress, describeRequest, requestAllowed } from './agent-network.ts';

const OPERATOR = { hosts: undefined, privateRanges: ['10.0.0.0/8'] };

describe('agentEgress', () => {
  it('is the narrower of manifest and operator, an object of its own for every run', () => {
    assert.equal(agentEgress(false, OPERATOR), undefined);
    assert.deepEqual(agentEgress(true, OPERATOR), OPERATOR);
    assert.notEqual(agentEgress(true, OPERATOR), agentEgress(true, OPERATOR));
    assert.deepEqual(agentEgress(['a.test'], OPERATOR)?.hosts, ['a.test']);
    assert.deepEqual(agentEgress(true, { ...OPERATOR, hosts: ['b.test'] })?.hosts, ['b.test']);
    assert.deepEqual(agentEgress(['x.b.test', 'c.test'], { ...OPERATOR, hosts: ['*.b.test'] })?.hosts, ['x.b.test']);
  });
});

describe('requestAllowed', () => {
  it('names the line that decided', () => {
    const rule = (url: string, network: boolean | string[], hosts?: string[]): string | undefined => {
      const verdict = requestAllowed('GET', new URL(url), network, agentEgress(network, { hosts, privateRanges: [] }));
      return verdict.allowed ? undefined : verdict.rule;
    };
    assert.equal(rule('http://a.test/', true), undefined);
    assert.equal(rule('https://x.a.test:8443/', ['*.a.test']), undefined);
    assert.equal(rule('http://A.TEST./', ['a.test']), undefined);
    assert.equal(rule('http://a.test/', false), 'permissions.network: false');
    assert.equal(rule('http://a.test/', []), 'permissions.network grants no host');
    assert.equal(rule('http://b.test/', ['a.test']), 'permissions.network: a.test');
    assert.equal(rule('http://b.test/', true, ['a.test']), "the operator's egress hosts");
    assert.equal(rule('http://b.test/', ['b.test'], ['a.test']), "the operator's egress hosts");
    assert.equal(rule('ws://a.test/', true), 'requests go to http and https URLs only');
    assert.equal(rule('http://u@a.test/', true), 'URLs contain no user name and no password');
    assert.equal(rule('http://a.test:25/', true), 'port 25 is blocked for HTTP');
  });
});

describe('describeRequest', () => {
  it('leaves out what may be secret', () => {
    assert.equal(describeRequest('GET', new URL('https://u:p@a.test:8443/x/y?key=1#z')), 'GET https://a.test:8443/x/y');
  });
});
