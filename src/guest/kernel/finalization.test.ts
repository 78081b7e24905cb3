import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { callDueCleanups, installFinalizationRegistry } from './finalization.ts';
import { bindHostCalls, type HostCalls } from './host-calls.ts';

const logged: string[] = [];
bindHostCalls({ log: (_level, text) => void logged.push(text) } as HostCalls);

const scope: Record<string, unknown> = { FinalizationRegistry };
installFinalizationRegistry(scope);
const Registry = scope['FinalizationRegistry'] as FinalizationRegistryConstructor;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** V8 has had time to say what it has collected. */
async function collected(): Promise<void> {
  for (let round = 0; round < 5; round++) {
    await sleep(5);
    collect();
  }
  await sleep(5);
}

test('what was collected is told in an entry, and not before', async () => {
  const told: unknown[] = [];
  const registry = new Registry((held) => void told.push(held));
  const token = {};
  for (let held = 0; held < 3; held++) registry.register({}, held);
  registry.register({}, 'unregistered', token);
  assert.equal(registry.unregister(token), true);
  assert.equal(registry.unregister(token), false);
  await collected();
  assert.deepEqual(told, []);
  callDueCleanups();
  assert.deepEqual(new Set(told), new Set([0, 1, 2]));
  callDueCleanups();
  assert.equal(told.length, 3);
});

test('one that throws is reported, and the others are called', async () => {
  let told = 0;
  const registry = new Registry((held) => {
    told++;
    throw new Error(`failed with ${String(held)}`);
  });
  registry.register({}, 'a');
  registry.register({}, 'b');
  await collected();
  callDueCleanups();
  assert.equal(told, 2);
  assert.deepEqual(new Set(logged.map((line) => /failed with \w/u.exec(line)?.[0])), new Set(['failed with a', 'failed with b']));
});

test('it has the shape of the standard’s', () => {
  const descriptor = Object.getOwnPropertyDescriptor(scope, 'FinalizationRegistry');
  assert.deepEqual([descriptor?.enumerable, descriptor?.writable, descriptor?.configurable], [false, true, true]);
  assert.deepEqual([Registry.name, Registry.length, Registry.prototype.register.length, Registry.prototype.unregister.length], ['FinalizationRegistry', 1, 2, 1]);
  assert.equal(Object.prototype.toString.call(new Registry(() => undefined)), '[object FinalizationRegistry]');
  assert.deepEqual(Object.keys(Registry.prototype), []);
  assert.throws(() => Reflect.construct(Registry, []), TypeError);
  assert.throws(() => Reflect.apply(Registry, undefined, [() => undefined]), TypeError);
  const target = {};
  assert.throws(() => new Registry(() => undefined).register(target, target), TypeError);
});
