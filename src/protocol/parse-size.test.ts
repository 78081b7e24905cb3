import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSize } from './parse-size.ts';

describe('parseSize', () => {
  it('reads whole numbers of bytes in units of 1024', () => {
    const sizes = { '1B': 1, '1KB': 1024, '128MB': 128 * 2 ** 20, '128 mb': 128 * 2 ** 20, '1.5GB': 1.5 * 2 ** 30, '0.5KB': 512, '64KiB': 65_536, '2gib': 2 ** 31 };
    for (const [text, bytes] of Object.entries(sizes)) assert.equal(parseSize(text), bytes, text);
  });
  it('refuses everything else', () => {
    for (const text of ['', '1', 'MB', '-1MB', '1.3B', '1TB', '1iB', '1e3MB', '1  MB', ' 1MB', '1MB ', '1,5MB', '9999999999GB']) assert.equal(parseSize(text), undefined, text);
  });
});
