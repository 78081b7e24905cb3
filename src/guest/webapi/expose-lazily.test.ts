import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exposeLazily } from './webidl.ts';

class First {
  get one(): number {
    return 1;
  }
}

test('a part is loaded when the first of its names is read, and they are ordinary globals then', () => {
  const global: Record<string, unknown> = {};
  let loads = 0;
  const load = (): Record<string, unknown> => {
    loads++;
    return { First, Second: class {}, value: 5 };
  };
  exposeLazily(global, ['First', 'Second'], load);
  exposeLazily(global, ['value'], load, { enumerable: true });
  assert.deepEqual([loads, Object.keys(global)], [0, ['value']]);
  assert.equal(global['value'], 5);
  assert.equal(String(new First()), '[object First]');
  assert.equal(global['First'], First);
  assert.deepEqual(Object.getOwnPropertyDescriptor(global, 'First'), { value: First, writable: true, enumerable: false, configurable: true });
  global['Second'] = 'mine';
  assert.equal(global['Second'], 'mine');
  assert.equal(Object.getOwnPropertyDescriptor(First.prototype, 'one')?.enumerable, true);
});
