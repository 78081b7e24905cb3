import assert from 'node:assert/strict';
import test from 'node:test';
import { createContext, Script, type Context } from 'node:vm';
import { appScript, parseTopLevelFailure, TOP_LEVEL_CHECK, type TopLevelFailure } from './app-script.ts';

function context(): Context {
  return createContext({ seen: [], __nanos: (...args: unknown[]) => calls.push(args) });
}

let calls: unknown[][] = [];

test.beforeEach(() => {
  calls = [];
});

function thrownBy(run: () => unknown): TopLevelFailure | undefined {
  try {
    run();
  } catch (thrown) {
    assert.equal(typeof thrown, 'string');
    return parseTopLevelFailure(thrown);
  }
  return undefined;
}

function runSync(bundle: string, globals?: string): TopLevelFailure | undefined {
  const script = appScript({ bundle, awaits: false, globals });
  return thrownBy(() => new Script(script, { filename: 'app.js' }).runInContext(context()));
}

async function runAwaiting(bundle: string): Promise<TopLevelFailure | undefined> {
  const inside = context();
  new Script(appScript({ bundle, awaits: true, globals: undefined }), { filename: 'app.js' }).runInContext(inside);
  await new Promise(setImmediate);
  return thrownBy(() => new Script(TOP_LEVEL_CHECK).runInContext(inside));
}

test('code runs in strict mode, after the globals of a service worker', () => {
  const globals = JSON.stringify({ A: 'b"\u2028\\' });
  assert.equal(runSync('__nanos("app",(function(){return this===undefined})())', globals), undefined);
  assert.deepEqual(calls, [['globals', globals], ['app', true]]);
});

test('a thrown error leaves as text, with its place one line below', () => {
  const failure = runSync('throw new TypeError("boom")');
  assert.equal(failure?.message, 'TypeError: boom');
  assert.match(failure.stack, /app\.js:2:7/u);
});

test('what has no text is still a failure', () => {
  const hostile = ['throw Symbol("s")', 'throw Object.create(null)', 'throw{get stack(){throw 1},toString(){throw 2}}', 'throw new Proxy({},{get(){throw 1}})'];
  for (const code of hostile) assert.deepEqual(runSync(code), { message: 'Threw a value that has no text', stack: code.includes('create') ? 'undefined' : '' }, code);
  assert.equal(runSync('throw undefined')?.message, 'undefined');
});

test('replacing built-ins changes nothing about that', () => {
  const failure = runSync('String.prototype.slice=Function.prototype.call=()=>({});throw new Error("x".repeat(1e6))');
  assert.equal(failure?.message.length, 2_000);
});

test('with top-level await the check tells how it ended', async () => {
  assert.equal(await runAwaiting('await 1;__nanos("app",this)'), undefined);
  assert.deepEqual(calls, [['app', undefined]]);
  assert.equal((await runAwaiting('await 1;throw new RangeError("late")'))?.message, 'RangeError: late');
  assert.match((await runAwaiting('await new Promise(()=>{})'))?.message ?? '', /never settles/u);
});

test('other strings and values are no failure of an app’s script', () => {
  for (const value of ['', 'x', ':', 'Isolate is disposed', 5, undefined]) assert.equal(parseTopLevelFailure(value), undefined);
});
