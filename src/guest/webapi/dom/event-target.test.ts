import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindHostCalls, type HostCalls } from '../../kernel/host-calls.ts';
import { AbortController, CustomEvent, dispatchTrusted, DOMException, Event, EventTarget, getEventHandler, installDom, setEventHandler } from './index.ts';

const logged: string[] = [];
bindHostCalls({ log: (_level, text) => void logged.push(text) } as HostCalls);
const global: Record<string, unknown> = {};
installDom(global);

type Classes = Pick<typeof globalThis, 'EventTarget' | 'Event' | 'AbortController'>;

type Scenario = (classes: Classes, trace: (entry: unknown) => void) => void;

function traceOf(scenario: Scenario, classes: unknown = { EventTarget, Event, AbortController }): unknown[] {
  const entries: unknown[] = [];
  scenario(classes as Classes, (entry) => entries.push(entry));
  assert.ok(entries.length > 0);
  return entries;
}

/** Runs a scenario on our classes and on the platform's. */
function both(scenario: Scenario): void {
  assert.deepEqual(traceOf(scenario), traceOf(scenario, globalThis));
}

/** For what Node does otherwise than the standard */
function ours(expected: readonly unknown[], scenario: Scenario): void {
  assert.deepEqual(traceOf(scenario), expected);
}

test('order, capture, once, duplicates and removal', () => {
  ours(['again', 'first', 'once', 'again', 'again', 'first', 'first', true], ({ EventTarget, Event }, trace) => {
    const target = new EventTarget();
    const again = (): void => trace('again');
    target.addEventListener('x', () => trace('first'));
    target.addEventListener('x', () => trace('once'), { once: true });
    target.addEventListener('x', again);
    target.addEventListener('x', again);
    target.addEventListener('x', again, { once: true });
    target.addEventListener('x', again, true);
    target.dispatchEvent(new Event('x'));
    target.removeEventListener('x', again);
    target.dispatchEvent(new Event('x'));
    target.removeEventListener('x', again, { capture: true });
    trace(target.dispatchEvent(new Event('x')));
  });
});

test('listeners run as they stood when the dispatch began, without those removed since', () => {
  ours(['first', 'first', 'late'], ({ EventTarget, Event }, trace) => {
    const target = new EventTarget();
    const second = (): void => trace('second');
    target.addEventListener('x', () => {
      trace('first');
      target.removeEventListener('x', second);
      target.addEventListener('x', () => trace('late'), { once: true });
    });
    target.addEventListener('x', second);
    target.dispatchEvent(new Event('x'));
    target.dispatchEvent(new Event('x'));
  });
});

test('propagation and cancelling', () => {
  both(({ EventTarget, Event }, trace) => {
    const target = new EventTarget();
    target.addEventListener('stop', (event) => event.stopImmediatePropagation());
    target.addEventListener('stop', () => trace('not reached'));
    trace(target.dispatchEvent(new Event('stop', { cancelable: true })));
    target.addEventListener('cancel', (event) => event.preventDefault());
    for (const cancelable of [true, false]) {
      const event = new Event('cancel', { cancelable });
      trace([target.dispatchEvent(event), event.defaultPrevented, event.cancelable]);
    }
    target.addEventListener('passive', (event) => event.preventDefault(), { passive: true });
    trace(target.dispatchEvent(new Event('passive', { cancelable: true })));
  });
});

test('state during and after a dispatch', () => {
  const during = [true, true, true, true, 2, 1];
  ours([during, 'InvalidStateError', [true, null, 0, [], 'x', true], during, 'InvalidStateError'], ({ EventTarget, Event }, trace) => {
    const target = new EventTarget();
    const event = new Event('x', { bubbles: true });
    target.addEventListener('x', function (this: unknown, seen) {
      trace([this === target, seen === event, seen.target === target, seen.currentTarget === target, seen.eventPhase, seen.composedPath().length]);
      try {
        target.dispatchEvent(seen);
      } catch (error) {
        trace((error as Error).name);
      }
    });
    target.dispatchEvent(event);
    trace([event.target === target, event.currentTarget, event.eventPhase, event.composedPath(), event.type, event.bubbles]);
    target.dispatchEvent(event);
  });
});

test('handleEvent is looked up at each dispatch', () => {
  both(({ EventTarget, Event }, trace) => {
    const target = new EventTarget();
    const listener = { handleEvent(this: unknown) { trace(['one', this === listener]); } };
    target.addEventListener('x', listener);
    target.dispatchEvent(new Event('x'));
    listener.handleEvent = () => trace('two');
    target.dispatchEvent(new Event('x'));
  });
});

test('a signal removes its listeners', () => {
  both(({ EventTarget, Event, AbortController }, trace) => {
    const target = new EventTarget();
    const controller = new AbortController();
    target.addEventListener('x', () => trace('heard'), { signal: controller.signal });
    target.dispatchEvent(new Event('x'));
    controller.abort();
    target.dispatchEvent(new Event('x'));
    target.addEventListener('x', () => trace('never'), { signal: controller.signal });
    target.dispatchEvent(new Event('x'));
  });
});

test('an error in a listener is logged and does not stop the others', () => {
  logged.length = 0;
  const target = new EventTarget();
  let reached = 0;
  target.addEventListener('x', () => {
    throw new TypeError('from a listener');
  });
  target.addEventListener('x', { handleEvent: 5 });
  target.addEventListener('x', () => reached++);
  assert.equal(target.dispatchEvent(new Event('x')), true);
  assert.equal(reached, 1);
  assert.equal(logged.length, 2);
  assert.match(logged[0] ?? '', /^Uncaught TypeError: from a listener\n/);
});

test('wrong arguments are TypeErrors', () => {
  const target = new EventTarget();
  const wrong = [
    () => Reflect.apply(target.addEventListener, target, ['x']),
    () => target.addEventListener('x', 5),
    () => target.addEventListener('x', () => 1, { signal: null }),
    () => target.addEventListener('x', null, { signal: {} }),
    () => target.dispatchEvent({ type: 'x' }),
    () => Reflect.construct(Event, []),
    () => Reflect.apply(EventTarget.prototype.addEventListener, {}, ['x', () => 1]),
  ];
  for (const action of wrong) assert.throws(action, TypeError);
  assert.equal(target.addEventListener('x', null), undefined);
});

test('event handler attributes keep their place until they are null', () => {
  const target = new EventTarget();
  const order: string[] = [];
  setEventHandler(target, 'x', () => order.push('old'));
  target.addEventListener('x', () => order.push('listener'));
  const handler = (event: Event): boolean => {
    order.push('handler');
    return event.type !== 'x';
  };
  setEventHandler(target, 'x', handler);
  assert.equal(getEventHandler(target, 'x'), handler);
  assert.equal(dispatchTrusted(target, new Event('x', { cancelable: true })), false, 'returning false cancels');
  setEventHandler(target, 'x', 'no function');
  assert.equal(getEventHandler(target, 'x'), null);
  setEventHandler(target, 'x', handler);
  target.dispatchEvent(new Event('x'));
  assert.deepEqual(order, ['handler', 'listener', 'listener', 'handler']);
});

test('trust is given by the platform alone', () => {
  const target = new EventTarget();
  const event = new Event('x');
  dispatchTrusted(target, event);
  assert.equal(event.isTrusted, true);
  target.dispatchEvent(event);
  assert.equal(event.isTrusted, false);
  const own = Object.getOwnPropertyDescriptor(event, 'isTrusted');
  assert.deepEqual([own?.configurable, own?.enumerable, own?.set], [false, true, undefined]);
  assert.equal(own?.get, Object.getOwnPropertyDescriptor(new Event('y'), 'isTrusted')?.get);
  assert.throws(() => own?.get?.call({}), TypeError);
});

test('legacy members of events', () => {
  const event = new CustomEvent('x', { detail: { a: 1 }, cancelable: true });
  assert.deepEqual([event.detail, event.returnValue, event.cancelBubble], [{ a: 1 }, true, false]);
  event.returnValue = false;
  event.cancelBubble = true;
  assert.deepEqual([event.defaultPrevented, event.cancelBubble], [true, true]);
  event.initCustomEvent('y', true, false, 5);
  assert.deepEqual([event.type, event.bubbles, event.cancelable, event.detail, event.defaultPrevented], ['y', true, false, 5, false]);
});

test('DOMException has the names, codes and constants of the platform', () => {
  const names = ['Error', 'IndexSizeError', 'HierarchyRequestError', 'InvalidCharacterError', 'NotSupportedError', 'SyntaxError', 'AbortError', 'TimeoutError', 'QuotaExceededError', 'DataCloneError', 'OperationError', 'Custom', ''];
  for (const name of names) {
    const [ours, theirs] = [new DOMException('text', name), new globalThis.DOMException('text', name)];
    assert.deepEqual([ours.name, ours.message, ours.code, Error.prototype.toString.call(ours)], [theirs.name, theirs.message, theirs.code, Error.prototype.toString.call(theirs)]);
  }
  for (const [name, value] of Object.entries(Object.getOwnPropertyDescriptors(globalThis.DOMException))) {
    if (name.endsWith('_ERR')) assert.deepEqual(Object.getOwnPropertyDescriptor(DOMException, name), value, name);
  }
  const exception = new DOMException('text', 'AbortError');
  assert.ok(exception instanceof Error);
  assert.match(String(Reflect.get(exception, 'stack')), /^AbortError: text\n {4}at /);
  assert.equal(Object.prototype.toString.call(exception), '[object DOMException]');
  assert.deepEqual([new DOMException().name, new DOMException().message, DOMException.length], ['Error', '', 0]);
  assert.throws(() => Reflect.get(DOMException.prototype, 'name', {}), TypeError);
});

test('reportError logs', () => {
  logged.length = 0;
  (global.reportError as (error: unknown) => void)('a text');
  assert.deepEqual(logged, ["Uncaught 'a text'"]);
});

test('members want an object of their interface', () => {
  const { set } = Object.getOwnPropertyDescriptor(Event.prototype, 'cancelBubble')!;
  for (const call of [() => set?.call({}, false), () => EventTarget.prototype.addEventListener.call({} as EventTarget, 'x', null)]) assert.throws(call, TypeError);
});
