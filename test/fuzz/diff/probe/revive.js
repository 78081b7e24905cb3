/** A value from its JSON: plain JSON stands for itself, `{ $: kind, of }` for what JSON lacks. */
export function revive(value, results) {
  if (Array.isArray(value)) return value.map((item) => revive(item, results));
  if (typeof value !== 'object' || value === null) return value;
  return value.$ === undefined ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, revive(item, results)])) : KINDS[value.$](value.of, results);
}

const KINDS = {
  result: (index, results) => results[index],
  undefined: () => undefined,
  number: (text) => Number(text),
  bigint: (text) => BigInt(text),
  bytes: (bytes) => Uint8Array.from(bytes),
  buffer: (bytes) => Uint8Array.from(bytes).buffer,
  // JSON that went through UTF-8 has no lone surrogates
  text: (units) => String.fromCharCode(...units),
  date: (ms) => new Date(ms),
  map: (entries, results) => new Map(revive(entries, results)),
  set: (items, results) => new Set(revive(items, results)),
  regexp: ([source, flags]) => new RegExp(source, flags),
  error: ([name, message]) => Object.assign(new globalThis[name](message), {}),
  cycle: () => {
    const cycle = { name: 'cycle' };
    cycle.self = cycle;
    return cycle;
  },
  // bundlers change the text of functions
  function: () => Object.defineProperty(() => 1, 'toString', { value: () => 'function' }),
  symbol: () => Symbol('symbol'),
  /** an options bag that throws when it is read */
  trap: () => new Proxy({}, { get: () => { throw new RangeError('trap'); } }),
  stream: ([chunks, end], results) => {
    const left = revive(chunks, results);
    return new ReadableStream({
      pull(controller) {
        if (left.length > 0) return controller.enqueue(left.shift());
        if (end === 'error') controller.error(new RangeError('half-way'));
        else controller.close();
      },
    });
  },
  blob: ([parts, options], results) => new Blob(revive(parts, results), options),
  form: (entries, results) => {
    const form = new FormData();
    for (const entry of entries) form.append(...revive(entry, results));
    return form;
  },
};
