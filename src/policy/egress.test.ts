import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../util/test-properties.ts';
import type { EgressPolicy } from '../protocol/app.ts';
import { addressAllowed, hostAllowed, isPublicAddress, portAllowed } from './egress.ts';

const PUBLIC = ['1.1.1.1', '8.8.8.8', '100.63.255.255', '100.128.0.0', '172.15.255.255', '172.32.0.0', '192.0.1.1', '198.17.255.255',
  '198.20.0.0', '223.255.255.255', '2606:4700:4700::1111', '2001:4860:4860::8888', '2a00::1', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8'];

const NOT_PUBLIC = [
  // IPv4
  '0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.255.255', '169.254.169.254', '172.16.0.1',
  '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.88.99.1', '192.168.0.1', '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.9',
  '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255',
  // IPv6
  '::', '::1', '::7f00:1', '::127.0.0.1', '::8.8.8.8', 'fe80::1', 'febf::1', 'fec0::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '100::1',
  '2001::1', '2001:2::1', '2001:db8::1', '2001:10::1', '2001:20::1', '2002:7f00:1::', '2002:808:808::1', '3fff::1', '5f00::1', '4000::1',
  'ffff::1',
  // IPv4 inside IPv6
  '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:0:127.0.0.1', '::ffff:10.0.0.1', '::FFFF:169.254.169.254', '0:0:0:0:0:ffff:a9fe:a9fe',
  '64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b::10.1.1.1', '64:ff9b:1::8.8.8.8', '64:ff9b:1:808:8:800::',
  // no address, or not in its plain form
  '', 'localhost', '0x7f.1', '0177.0.0.1', '127.1', '2130706433', '8.8.8', '08.8.8.8', ' 8.8.8.8', '8.8.8.8 ', '8.8.8.8\n', '[::1]',
  'fe80::1%eth0', '2606:4700:4700::1111%1', '1.2.3.4.5', '256.1.1.1', '::g', '1::2::3', '::ffff:8.8.8.8.8',
];

const anyPublic: EgressPolicy = { hosts: undefined, privateRanges: [] };
const octet = fc.integer({ min: 0, max: 255 });

/** IANA's special-purpose IPv4 registry as numbers, kept apart from the code under test. */
function isSpecialV4([a, b, c]: readonly [number, number, number, number]): boolean {
  return a === 0 || a === 10 || a === 127 || a >= 224
    || (a === 100 && b >= 64 && b <= 127)
    || (a === 169 && b === 254)
    || (a === 172 && b >= 16 && b <= 31)
    || (a === 192 && (b === 168 || (b === 0 && (c === 0 || c === 2)) || (b === 88 && c === 99)))
    || (a === 192 && ((b === 31 && c === 196) || (b === 52 && c === 193) || (b === 175 && c === 48)))
    || (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100)))
    || (a === 203 && b === 0 && c === 113);
}

describe('isPublicAddress', () => {
  for (const ip of PUBLIC) it(`accepts ${ip}`, () => assert.equal(isPublicAddress(ip), true));
  for (const ip of NOT_PUBLIC) it(`refuses ${JSON.stringify(ip)}`, () => assert.equal(isPublicAddress(ip), false));

  it('agrees with the registry on every IPv4 address, plain, mapped and behind NAT64', () => {
    fc.assert(fc.property(fc.tuple(octet, octet, octet, octet), (octets) => {
      const ip = octets.join('.');
      const expected = !isSpecialV4(octets);
      assert.equal(isPublicAddress(ip), expected);
      assert.equal(isPublicAddress(`::ffff:${ip}`), expected);
      assert.equal(isPublicAddress(`64:ff9b::${ip}`), expected);
      assert.equal(isPublicAddress(`::${ip}`), false);
    }), { numRuns: 2_000 });
  });

  it('accepts no IPv6 address outside 2000::/3 except mapped and NAT64', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }), (groups) => {
      const ip = groups.map((group) => group.toString(16)).join(':');
      if (isPublicAddress(ip)) assert.equal((groups[0] ?? 0) >> 13, 1);
    }), { numRuns: 2_000 });
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.ipV4Extended(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.x%/]{0,40}$/)), (text) => {
      assert.equal(typeof isPublicAddress(text), 'boolean');
      assert.equal(typeof addressAllowed(text, anyPublic).allowed, 'boolean');
    }), { numRuns: 2_000 });
  });
});

describe('addressAllowed', () => {
  const policy: EgressPolicy = { hosts: undefined, privateRanges: ['10.1.0.0/16', '127.0.0.1', 'fd00:1::/32'] };
  for (const ip of ['10.1.0.0', '10.1.255.255', '127.0.0.1', '::ffff:10.1.2.3', 'fd00:1::1', '8.8.8.8', '2606:4700::1']) {
    it(`allows ${ip}`, () => assert.deepEqual(addressAllowed(ip, policy), { allowed: true }));
  }
  for (const ip of ['10.0.255.255', '10.2.0.0', '127.0.0.2', '169.254.169.254', 'fd00:2::1', '::1', '64:ff9b::10.1.0.1', '::10.1.0.1']) {
    it(`refuses ${ip}`, () => assert.equal(addressAllowed(ip, policy).allowed, false));
  }

  it('says why', () => {
    assert.deepEqual(addressAllowed('169.254.169.254', policy), { allowed: false, reason: 'the address is not public but link-local' });
    assert.deepEqual(addressAllowed('64:ff9b::127.0.0.1', policy), { allowed: false, reason: 'the address is not public but NAT64 to loopback' });
    assert.deepEqual(addressAllowed('nonsense', policy), { allowed: false, reason: 'the address is not an IP address' });
  });

  for (const range of ['10.0.0.0/33', '10.0.0.0/', 'office', '10.0.0/8', '0x0a.0.0.0/8', '::/129', '']) {
    it(`refuses the range ${JSON.stringify(range)} by name`, () => {
      const broken = { hosts: undefined, privateRanges: [range] };
      assert.throws(() => addressAllowed('10.0.0.1', broken), { code: 'config_invalid', message: new RegExp(`"${range.replaceAll('/', '\\/')}"`) });
    });
  }
});

describe('hostAllowed', () => {
  const policy: EgressPolicy = { hosts: ['api.example.com', '*.cdn.example', '*.0.0.1'], privateRanges: [] };
  for (const host of ['api.example.com', 'a.cdn.example', 'a.b.cdn.example']) {
    it(`allows ${host}`, () => assert.deepEqual(hostAllowed(host, policy), { allowed: true }));
  }
  for (const host of ['example.com', 'x.api.example.com', 'cdn.example', '.cdn.example', 'evilcdn.example', 'api.example.com.evil.test', '', '127.0.0.1']) {
    it(`refuses ${JSON.stringify(host)}`, () => assert.equal(hostAllowed(host, policy).allowed, false));
  }
  it('allows every host when none are named, and none when the list is empty', () => {
    assert.equal(hostAllowed('anything.test', anyPublic).allowed, true);
    assert.equal(hostAllowed('anything.test', { hosts: [], privateRanges: [] }).allowed, false);
  });
});

describe('portAllowed', () => {
  it('refuses the ports that the Fetch standard blocks', () => {
    for (const port of [0, 22, 25, 6667, 10080]) assert.equal(portAllowed(port).allowed, false);
    for (const port of [80, 443, 3000, 8080, 65535]) assert.equal(portAllowed(port).allowed, true);
  });
});
