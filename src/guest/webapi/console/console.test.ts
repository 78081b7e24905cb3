import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enterAt } from '../../kernel/clock.ts';
import { bindHostCalls, type HostCalls } from '../../kernel/host-calls.ts';
import { Blob, installFileApi } from '../file-api/index.ts';
import { installUrl, URLSearchParams } from '../url/index.ts';
import { inspect, inspectLengthMax } from './lazy/inspect.ts';
import { installConsole } from './index.ts';

const lines: [string, string][] = [];
bindHostCalls({ log: (level, text) => void lines.push([level, text]) } as HostCalls);

function freshConsole(): Record<string, (...values: unknown[]) => void> {
  lines.length = 0;
  const global: Record<string, unknown> = {};
  installConsole(global);
  return global.console as Record<string, (...values: unknown[]) => void>;
}

test('levels', () => {
  const { log, info, debug, warn, error, assert: check, trace } = freshConsole();
  for (const method of [log, info, debug, warn, error]) method?.('text', 1);
  check?.(true, 'silent');
  check?.(false);
  check?.(false, 'why %d', 5);
  trace?.('here');
  assert.deepEqual(lines.slice(0, 7), [['info', 'text 1'], ['info', 'text 1'], ['debug', 'text 1'], ['warn', 'text 1'], ['error', 'text 1'], ['error', 'Assertion failed'], ['error', 'Assertion failed: why 5']]);
  assert.match(lines[7]?.[1] ?? '', /^Trace: here\n {4}at /);
});

test('format specifiers', () => {
  const { log } = freshConsole();
  const cases: readonly (readonly [unknown[], string])[] = [
    [['%s|%s|%s', 'a', 5, -0], 'a|5|-0'],
    [['%d %i %f', '4.5', '4.9', '4.5'], '4.5 4 4.5'],
    [['%d %i', 5n, {}], '5n NaN'],
    [['%o %O', { a: 1 }, [1]], '{ a: 1 } [ 1 ]'],
    [['%cstyled', 'color: red'], 'styled'],
    [['100%% %s'], '100%% %s'],
    [['100%% %s', 'x', 'rest', { a: 'b' }], "100% x rest { a: 'b' }"],
    [['%s'], '%s'],
    [['%x %s', 'a'], '%x a'],
    [['%s', { a: { b: 1 } }], '{ a: [Object] }'],
    [[], ''],
  ];
  for (const [values] of cases) log?.(...values);
  assert.deepEqual(lines.map(([, text]) => text), cases.map(([, text]) => text));
});

test('groups, counters and timers', () => {
  const { group, groupEnd, log, count, countReset, time, timeLog, timeEnd, groupCollapsed } = freshConsole();
  enterAt(100);
  group?.('title');
  log?.('two\nlines');
  groupCollapsed?.();
  count?.();
  groupEnd?.();
  groupEnd?.();
  groupEnd?.();
  count?.();
  countReset?.();
  countReset?.();
  count?.('label');
  time?.('t');
  enterAt(105);
  time?.('t');
  timeLog?.('t', 'extra');
  timeEnd?.('t');
  timeEnd?.('t');
  assert.deepEqual(
    lines.map(([, text]) => text),
    ['title', '  two\n  lines', '    default: 1', 'default: 2', "Count for 'default' does not exist", 'label: 1', "Timer 't' already exists", 't: 5ms extra', 't: 5ms', "Timer 't' does not exist"],
  );
});

test('tables', () => {
  const { table } = freshConsole();
  table?.([{ a: 1, b: 'x' }, { a: 2 }, 5]);
  table?.([{ a: 1, b: 2 }], ['b']);
  table?.('no rows');
  assert.deepEqual(
    lines.map(([, text]) => text),
    ["(index) | a | b   | Values\n0       | 1 | 'x' |\n1       | 2 |     |\n2       |   |     | 5", '(index) | b\n0       | 2', 'no rows'],
  );
});

test('methods need no receiver and are enumerable', () => {
  const console = freshConsole();
  assert.ok(Object.keys(console).includes('log'));
  assert.deepEqual(Object.values(console).map((method) => (method as { length: number }).length), Object.values(console).map(() => 0));
  assert.equal(Object.prototype.toString.call(console), '[object console]');
});

test('inspect shows every kind of value', () => {
  class Point {
    x = 1;
  }
  class Empty {}
  const circular: Record<string, unknown> = { name: 'loop' };
  circular.self = circular;
  const cases: readonly (readonly [unknown, string])[] = [
    [undefined, 'undefined'], [null, 'null'], [-0, '-0'], [5n, '5n'], ['a\'b', '"a\'b"'], ['a"\n', "'a\"\\n'"], [Symbol('s'), 'Symbol(s)'],
    [[1, 'x', [2]], "[ 1, 'x', [ 2 ] ]"], [Object.assign([1], { extra: 2 }), '[ 1, extra: 2 ]'], [new Array(2), '[ <empty>, <empty> ]'], [[], '[]'], [{}, '{}'],
    [{ a: 1, 'b-c': { d: { e: { f: { g: { h: 1 } } } } } }, "{ a: 1, 'b-c': { d: { e: { f: { g: [Object] } } } } }"],
    [circular, "{ name: 'loop', self: [Circular] }"],
    [new Map([[{ k: 1 }, 'v']]), "Map(1) { { k: 1 } => 'v' }"], [new Set([1, 'a']), "Set(2) { 1, 'a' }"],
    [new Point(), 'Point { x: 1 }'], [new Empty(), 'Empty {}'], [Object.create(null), '[Object: null prototype] {}'],
    [new Date(0), '1970-01-01T00:00:00.000Z'], [new Date(Number.NaN), 'Invalid Date'], [/a/g, '/a/g'], [Promise.resolve(), 'Promise {}'],
    [Uint8Array.of(1, 2), 'Uint8Array(2) [ 1, 2 ]'], [new ArrayBuffer(3), 'ArrayBuffer { byteLength: 3 }'], [Object('x'), "[String: 'x']"],
    [function named() {}, '[Function: named]'], [() => 1, '[Function: (anonymous)]'], [Point, '[class Point]'],
    [{ get a() { return 1; }, set b(_: unknown) {}, [Symbol('s')]: 1 }, '{ a: [Getter], b: [Setter], [Symbol(s)]: 1 }'],
    [Object.assign(new Error('m'), { stack: 'Error: m\n    at x', code: 5 }), 'Error: m\n    at x {\n  code: 5\n}'],
    [Object.assign(new Error('m', { cause: 'c' }), { stack: 'S' }), "S { [cause]: 'c' }"],
    [Object.assign(new Error('m'), { stack: undefined }), '[Error: m]'],
  ];
  for (const [value, text] of cases) assert.equal(inspect(value), text);
});

test('objects of web standards show their attributes or entries', () => {
  installUrl({});
  installFileApi({});
  class Headers {
    *entries(): Iterator<unknown> {
      for (;;) yield ['endless', 1];
    }
    get a(): never {
      throw new Error('not to be called');
    }
  }
  class Endless extends Map<unknown, unknown> {
    override *[Symbol.iterator](): MapIterator<[unknown, unknown]> {
      for (;;) yield [1, 1];
    }
  }
  assert.equal(inspect(new URLSearchParams('a=1&a=2')), "URLSearchParams(2) { 'a' => '1', 'a' => '2' }");
  assert.equal(inspect(new Blob(['x'], { type: 'a/b' })), "Blob { size: 1, type: 'a/b' }");
  assert.equal(inspect(new Headers()), 'Headers {}');
  assert.equal(inspect(new Endless([[1, 2]])), 'Endless(1) { 1 => 2 }');
});

test('long values take a line an item', () => {
  assert.equal(inspect({ first: 'a'.repeat(40), second: 'b'.repeat(40) }), `{\n  first: '${'a'.repeat(40)}',\n  second: '${'b'.repeat(40)}'\n}`);
  assert.match(inspect(Array.from({ length: 1000 }, () => 0)), /… 900 more items\n\]$/);
});

function hostile(): unknown[] {
  const thrower = new Proxy({}, { ownKeys: () => { throw new Error('no'); }, getPrototypeOf: () => { throw new Error('no'); }, get: () => { throw new Error('no'); } });
  let deep: object = {};
  for (let i = 0; i < 10_000; i++) deep = { next: deep };
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`key${i}`, Array.from({ length: 200 }, () => ({ a: 'x'.repeat(50) }))]));
  const endless: object = new Proxy({}, { ownKeys: () => ['a', 'b'], getOwnPropertyDescriptor: () => ({ value: endless, enumerable: true, configurable: true }) });
  const fresh = (): object => new Proxy({}, { ownKeys: () => Array.from({ length: 90 }, (_, i) => `k${i}`), getOwnPropertyDescriptor: () => ({ value: fresh(), enumerable: true, configurable: true }) });
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const badError = new Error('x');
  Object.defineProperty(badError, 'stack', { get: () => { throw new Error('no'); } });
  Object.defineProperty(badError, 'message', { get: () => { throw new Error('no'); } });
  return [thrower, deep, wide, endless, fresh(), revoked.proxy, badError, 'x'.repeat(1e6), ['x'.repeat(1e6)], 2n ** 100_000n, Object.assign(() => 1, { toString: 5 }), { toString: null, constructor: { name: thrower } }];
}

test('hostile values neither throw nor grow without end', () => {
  const { log } = freshConsole();
  for (const value of hostile()) {
    assert.ok(inspect(value).length <= inspectLengthMax);
    log?.(value, value);
    log?.('%s %d %o', value, value, value);
  }
  assert.ok(lines.every(([, text]) => text.length <= inspectLengthMax));
});

test('elements of a large array are not listed to find its other properties', () => {
  const large = Object.assign(new Array<string>(2_000_000).fill('x'), { extra: 1 });
  assert.match(inspect(large), /… 1999900 more items\s*\]$/);
  assert.match(inspect(Object.assign(['a'], { extra: 1 })), /extra: 1/);
});
