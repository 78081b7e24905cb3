/** What one call can't show: order of events, and values that are made in several steps. */
import { errorName } from './streams.js';

/** Each listener notes that it was called, then does its `act`. */
export function dispatch({ listeners, event, type = 'a' }) {
  const told = [];
  const target = new EventTarget();
  const made = listeners.map(({ act, form }, index) => {
    const listener = (given) => {
      told.push([index, given.type, given.eventPhase, given.defaultPrevented, given.cancelBubble]);
      if (act === 'stop') given.stopImmediatePropagation();
      if (act === 'prevent') given.preventDefault();
      if (act === 'remove') for (const [other, handler] of made.entries()) if (other > index) target.removeEventListener(type, handler, listeners[other].options);
      if (act === 'again' && told.length < 20) told.push(throwing(() => target.dispatchEvent(given)));
      if (act === 'add') target.addEventListener(type, () => told.push('added'), { once: true });
    };
    return form === 'object' ? { handleEvent: listener } : listener;
  });
  for (const [index, { options }] of listeners.entries()) told.push(throwing(() => target.addEventListener(type, made[index], options)));
  for (let times = 0; times < 2; times++) told.push(throwing(() => target.dispatchEvent(new Event(type, event))));
  return told;
}

function throwing(work) {
  try {
    return work();
  } catch (error) {
    return errorName(error);
  }
}

/** The order in which things that were put off are run. */
export async function order({ acts }) {
  const told = [];
  const waits = acts.map(
    (act, index) =>
      new Promise((resolve) => {
        const note = () => {
          told.push([index, act]);
          if (act === 'nested') queueMicrotask(() => told.push([index, 'inner']));
          resolve();
        };
        if (act === 'microtask' || act === 'nested') queueMicrotask(note);
        if (act === 'promise') void Promise.resolve().then(note);
        if (act === 'awaits') void afterAwaits(note);
        if (act === 'timeout') setTimeout(note, 0);
        if (act === 'late') setTimeout(note, 60);
        if (act === 'cleared') {
          clearTimeout(setTimeout(() => told.push('never'), 0));
          resolve();
        }
      }),
  );
  await Promise.all(waits);
  return told;
}

async function afterAwaits(note) {
  await Promise.resolve();
  await Promise.resolve();
  note();
}

/** Changes a list while it is walked over. */
export function walked({ name, init, changes }) {
  const list = new globalThis[name](...(init === undefined ? [] : [init]));
  const told = [];
  const left = [...changes];
  for (const pair of list) {
    told.push(pair);
    const change = left.shift();
    if (change !== undefined) told.push(throwing(() => list[change.call](...change.args)));
    if (told.length > 30) break;
  }
  return [told, list.entries().next(), [...list.keys()]];
}

/** Buffers that are handed over in a clone. */
export function transferred({ sizes, transfer, views }) {
  const buffers = sizes.map((size) => Uint8Array.from({ length: size }, (_, index) => index).buffer);
  const value = { buffers, views: views.map(([buffer, offset]) => throwing(() => new Uint8Array(buffers[buffer % buffers.length], offset))) };
  const clone = throwing(() => structuredClone(value, { transfer: transfer.map((index) => buffers[index % buffers.length]) }));
  return [clone, buffers.map((buffer) => buffer.byteLength), clone.views?.map((view) => clone.buffers.includes(view.buffer))];
}

/** `handlers`: what is done to the elements of a selector, or to the whole document. */
export async function rewritten({ html, handlers }) {
  const told = [];
  const rewriter = new HTMLRewriter();
  for (const { selector, part, act, content, asHtml } of handlers) {
    const options = asHtml === undefined ? undefined : { html: asHtml };
    const handle = (token) => {
      told.push([part, token.tagName ?? token.text ?? token.name ?? null, token.removed]);
      if (act === 'attribute') token.setAttribute?.('data-a', content);
      else if (act === 'read') told.push(token.attributes === undefined ? null : [...token.attributes]);
      else if (act === 'tag' && token.tagName !== undefined) token.tagName = 'x-new';
      else if (act === 'end') token.onEndTag?.((end) => (told.push(['end', end.name]), end.before(content, options)));
      else token[act]?.(content, options);
    };
    // text comes in pieces whose bounds are each host's own
    const gathered = { text: (chunk) => (chunk.lastInTextNode ? handle(chunk) : undefined) };
    rewriter.on(selector, part === 'text' ? gathered : { [part]: handle });
  }
  const text = await rewriter.transform(new Response(html)).text();
  return [text, told];
}

export async function rewriterFault({ selector }) {
  return throwing(() => new HTMLRewriter().on(selector, {}) instanceof HTMLRewriter);
}
