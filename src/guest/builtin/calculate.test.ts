import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calculate } from './calculate.ts';

test('arithmetic, with the precedence of mathematics', () => {
  const values: readonly (readonly [string, number])[] = [
    ['12 * 7', 84], ['1+2*3', 7], ['(1+2)*3', 9], ['2^3^2', 512], ['-2^2', -4], ['2^-1', 0.5], ['10 % 4', 2], ['--3', 3], ['1.5e3 / 2', 750], ['.5 + 1.', 1.5], ['6 × 7 ÷ 2 − 1', 20], ['  8  ', 8], ['7 - 2 - 1', 4],
  ];
  for (const [expression, value] of values) assert.equal(calculate(expression), value, expression);
});

test('anything else is an error that says why', () => {
  for (const expression of ['', '1 +', '(1', '1)', '1 2', 'a', 'process.exit()', '1;2', '2**3', '1_000', '0x10']) assert.throws(() => calculate(expression), SyntaxError, expression);
  for (const expression of ['1 / 0', '9e999', '('.repeat(100) + '1' + ')'.repeat(100), '-'.repeat(1000) + '1']) assert.throws(() => calculate(expression), RangeError, expression.slice(0, 20));
});
