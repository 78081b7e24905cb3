import assert from 'node:assert/strict';
import { test } from 'node:test';
import { domainToAscii } from './lazy/index.ts';

const refused: Readonly<Record<string, string>> = {
  '1. a label begins with a digit, a symbol or a mark': '1א &א א.1 xn--4db.1',
  '2. left-to-right text in a right-to-left label': 'אa אаא',
  '3. a right-to-left label ends with a symbol': 'א& א.א-',
  '4. digits of both kinds': 'א٠1',
  '5. right-to-left text in a left-to-right label': 'aא',
  '6. a left-to-right label ends with a symbol': 'a&.א',
};

for (const [condition, domains] of Object.entries(refused)) {
  test(`the Bidi rule refuses: ${condition}`, () => {
    for (const domain of domains.split(' ')) assert.equal(domainToAscii(domain), null, domain);
  });
}

test('the Bidi rule lets through what keeps it, and looks at domains with right-to-left text only', () => {
  assert.equal(domainToAscii('א1.com'), 'xn--1-zhc.com');
  assert.equal(domainToAscii('a.א\u0308.b1'), 'a.xn--ssa73l.b1');
  assert.equal(domainToAscii('א-א'), 'xn----zhcb');
  assert.equal(domainToAscii('1ä.2&'), 'xn--1-0fa.2&');
});
