import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import type { AppBindings } from '../protocol/bindings/binding-kinds.ts';
import type { BindingAnswer, BindingAsk } from '../protocol/bindings/binding-messages.ts';
import { DEFAULT_TOKEN_CAP } from '../protocol/bindings/token-cap.ts';
import { NanosError, type ErrorData } from '../protocol/errors.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';
import { BindingDesk, type AnswerChunks, type ServedAnswer, type ServedCall } from './binding-desk.ts';

const bindings: AppBindings = { AI: { type: 'llm', model: undefined, answerTokensMax: 10 }, NO: { type: 'llm', refused: 'not yours' } };

interface Line {
  readonly answers: BindingAnswer[];
  readonly failures: ErrorData[];
  ask(ask: BindingAsk): void;
  close(): void;
}

function lineTo(serve: (call: ServedCall) => Promise<ServedAnswer>): Line {
  const failures: ErrorData[] = [];
  const answers: BindingAnswer[] = [];
  const grantsOf = (app: string) => (app === 'gone' ? undefined : { bindings, tokens: DEFAULT_TOKEN_CAP });
  const desk = new BindingDesk({ grantsOf, serve, failed: (_app, _binding, error) => failures.push(error) });
  return { answers, failures, ...desk.connect((answer) => answers.push(answer)) };
}

function start(id: number, app = 'a', binding = 'AI'): BindingAsk {
  return { type: 'binding', kind: 'start', id, app, binding, task: { kind: 'llm', method: 'embed', inputs: [] } };
}

function about(kind: 'more' | 'stop', id: number): BindingAsk {
  return { type: 'binding', kind, id };
}

const never = (): Promise<ServedAnswer> => new Promise(() => undefined);

test('as many calls of one app at once as the limit says, and not one more; what ends makes room', async () => {
  const line = lineTo(never);
  const { bindingCallsMax } = HOST_LIMITS;
  for (let id = 1; id <= bindingCallsMax; id++) line.ask(start(id));
  await turn();
  assert.equal(line.answers.length, 0);
  line.ask(start(1_000));
  line.ask(start(1_001, 'b'));
  await turn();
  assert.deepEqual(line.answers.map((answer) => answer.kind === 'failed' && [answer.id, answer.error.code]), [[1_000, 'overloaded']]);
  line.ask(about('stop', 1));
  line.ask(start(1_002));
  await turn();
  assert.equal(line.answers.length, 1);
});

test('a value, and errors: the host’s own are for its log', async () => {
  const outcomes = [() => ({ value: 7 }), () => { throw new NanosError('token_limit', 'used up'); }, () => { throw new NanosError('model_missing', 'There is no /models/a'); }, () => { throw new TypeError('a defect in /src'); }];
  const line = lineTo((call) => new Promise((resolve) => resolve(outcomes[call.name === 'AI' ? next++ : 0]!())));
  let next = 0;
  for (const id of [1, 2, 3, 4]) line.ask(start(id));
  line.ask(start(5, 'a', 'NO'));
  line.ask(start(6, 'a', 'toString'));
  line.ask(start(7, 'gone'));
  await turn();
  const said = line.answers.toSorted((a, b) => a.id - b.id).map((answer) => (answer.kind === 'failed' ? [answer.error.code, answer.error.message] : answer));
  const hidden = 'The call failed in the host, whose log says why';
  assert.deepEqual(said, [
    { type: 'binding', kind: 'value', id: 1, value: 7 },
    ['token_limit', 'used up'],
    ['model_missing', hidden],
    ['internal', hidden],
    ['binding_not_granted', "The binding NO can't be used: not yours"],
    ['binding_not_granted', 'The app has no binding toString of type llm any more'],
    ['binding_not_granted', 'The app has no binding AI of type llm any more'],
  ]);
  assert.deepEqual(line.failures.map(({ message }) => message), ['There is no /models/a', 'a defect in /src']);
});

function chunksOf(count: number): AnswerChunks & { closed: number } {
  let given = 0;
  return { closed: 0, read: () => Promise.resolve(given < count ? ++given : null), close() { this.closed++; } };
}

test('chunks come when they are asked for', async () => {
  const line = lineTo(() => Promise.resolve({ chunks: chunksOf(1) }));
  line.ask(start(1));
  await turn();
  assert.deepEqual(line.answers.splice(0), [{ type: 'binding', kind: 'open', id: 1 }]);
  line.ask(about('more', 1));
  await turn();
  line.ask(about('more', 1));
  await turn();
  line.ask(about('more', 1));
  await turn();
  assert.deepEqual(line.answers, [{ type: 'binding', kind: 'chunk', id: 1, chunk: 1 }, { type: 'binding', kind: 'end', id: 1 }]);
});

test('a stop, and a cell’s end, close what is open and what is about to be', async () => {
  const open = chunksOf(9);
  const late = chunksOf(9);
  const signals: AbortSignal[] = [];
  const released: ((answer: ServedAnswer) => void)[] = [];
  const line = lineTo((call) => {
    signals.push(call.signal);
    return signals.length === 1 ? Promise.resolve({ chunks: open }) : new Promise((resolve) => released.push(resolve));
  });
  line.ask(start(1));
  line.ask(start(2));
  await turn();
  line.ask(about('stop', 1));
  line.close();
  assert.deepEqual(signals.map(({ aborted }) => aborted), [true, true]);
  for (const release of released) release({ chunks: late });
  await turn();
  assert.deepEqual([open.closed, late.closed], [1, 1]);
  assert.deepEqual(line.answers, [{ type: 'binding', kind: 'open', id: 1 }]);
});
