import assert from 'node:assert/strict';
import test from 'node:test';
import { isReferenced, splitExports } from './bundle-exports.ts';

test('an export clause gives exported and own names', () => {
  const { body, exported } = splitExports('var a = 1;\nfunction run2() {\n}\nexport {\n  a,\n  run2 as run,\n  b as default\n};\n');
  assert.equal(body, 'var a = 1;\nfunction run2() {\n}');
  assert.deepEqual([...exported], [['a', 'a'], ['run', 'run2'], ['default', 'b']]);
});

test('without one, the code is all', () => {
  assert.deepEqual(splitExports('a();\n'), { body: 'a();', exported: new Map() });
});

for (const [code, referenced] of [
  ['var run = f();', false],
  ['var run = f();\nrun();', true],
  ['var run = f();\nx.run();', false],
  ['var run = f();\nlog("run \\" run");', false],
  ['// run.ts\nvar run = f();', false],
  ['var run = f();\nvar runs = 1, $run;', false],
  ['var run = f();\nregister({ run });', true],
] as const) {
  test(`a reference to run: ${code}`, () => assert.equal(isReferenced(code, 'run'), referenced));
}
