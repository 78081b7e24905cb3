import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResponseHead } from '../../protocol/app-call.ts';
import { serviceHeadRefusal } from './service-head.ts';

const codeOf = (head: Partial<ResponseHead>): string | undefined => serviceHeadRefusal({ status: 200, statusText: '', headers: [], ...head })?.code;

describe('serviceHeadRefusal', () => {
  it('lets through what HTTP could carry', () => {
    for (const status of [200, 204, 304, 599]) assert.equal(codeOf({ status }), undefined);
    assert.equal(codeOf({ statusText: 'Fine, thanks', headers: ['a', '1', 'set-cookie', 'x=y', 'a', ''] }), undefined);
  });

  it('refuses a status that is none of an answer', () => {
    for (const status of [0, 101, 199, 600, 200.5, Number.NaN, Number.MAX_SAFE_INTEGER]) assert.equal(codeOf({ status }), 'app_threw', `${status}`);
  });

  it('refuses text that would begin another line, and names that are none', () => {
    assert.equal(codeOf({ statusText: 'OK\r\nx: y' }), 'app_threw');
    for (const headers of [['a', 'b\r\nc: d'], ['a b', '1'], ['', '1'], ['a', '1', 'b'], ['a:', '1'], ['a', '\u0000']]) assert.equal(codeOf({ headers }), 'app_threw', JSON.stringify(headers));
  });
});
