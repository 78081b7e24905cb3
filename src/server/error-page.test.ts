import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ERRORS, NanosError, isErrorCode } from '../protocol/errors.ts';
import { errorPage } from './error-page.ts';

const options = { accept: undefined, requestId: 'r1', dev: false };
const headerOf = (headers: readonly string[], name: string): string | undefined => headers[headers.indexOf(name) + 1];
const secret = new NanosError('app_threw', 'password is <b>hunter2</b>');

describe('errorPage', () => {
  it('is JSON with code, message and request id', () => {
    const page = errorPage(new NanosError('bad_request', 'No Host header'), options);
    assert.deepEqual(JSON.parse(page.body), { error: { code: 'bad_request', message: 'No Host header', request_id: 'r1' } });
    assert.equal(headerOf(page.headers, 'content-type'), 'application/json');
    assert.equal(headerOf(page.headers, 'x-nanos-error'), 'bad_request');
    assert.equal(headerOf(page.headers, 'cache-control'), 'no-store');
    assert.equal(page.headers.includes('retry-after'), false);
  });

  for (const [accept, html] of [
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true], ['text/html', true], ['*/*', false], ['', false],
    ['application/json', false], ['application/json, text/html', false], ['text/html, application/json', true],
  ] as const) {
    it(`is ${html ? 'HTML' : 'JSON'} for Accept: ${accept}`, () => {
      assert.equal(headerOf(errorPage(secret, { ...options, accept }).headers, 'content-type')?.startsWith('text/html'), html);
    });
  }

  for (const accept of ['text/html', 'application/json']) {
    it(`shows no internals in ${accept} unless in development`, () => {
      const stack = 'Error: <script>\n    at /app/index.ts:1:1';
      const hidden = errorPage(secret, { ...options, accept, stack }).body;
      assert.doesNotMatch(hidden, /hunter2|index\.ts|<script>/);
      const shown = errorPage(secret, { ...options, accept, dev: true, stack }).body;
      assert.match(shown, /hunter2/);
      assert.match(shown, /index\.ts:1:1/);
      if (accept === 'text/html') assert.doesNotMatch(shown, /<script>|<b>/);
    });
  }

  it("shows only the client's own mistakes in their own words", () => {
    for (const code of Object.keys(ERRORS).filter(isErrorCode)) {
      const shown = errorPage(new NanosError(code, 'original words'), options).body.includes('original words');
      assert.equal(shown, ERRORS[code].fault === 'client', code);
    }
  });

  it('says when to come back, in whole seconds', () => {
    const page = errorPage(new NanosError('overloaded', 'x', { retryAfterS: 1.2 }), options);
    assert.equal(headerOf(page.headers, 'retry-after'), '2');
  });
});
