import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visible } from './visible.ts';

test('nothing stays that a terminal obeys or that turns text around', () => {
  assert.equal(visible('a\u001b[2Jb\u009b1mc\u202etxt.exe\u2066\u200b\u2028\r\n\td'), 'a\\u{1b}[2Jb\\u{9b}1mc\\u{202e}txt.exe\\u{2066}\\u{200b}\\u{2028}\\u{d}\\u{a}\\u{9}d');
  assert.equal(visible('schön, 日本 🎉'), 'schön, 日本 🎉');
});
