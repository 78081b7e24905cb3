// Mechanism: hasInstance, toPrimitive, isConcatSpreadable, unscopables and toStringTag on the prototypes
// Defence: primordials
// Contained: held|app_threw
for (const { prototype } of [Object, Function, Array, Promise, Uint8Array, ArrayBuffer]) {
  for (const symbol of [Symbol.toStringTag, Symbol.isConcatSpreadable, Symbol.unscopables]) Object.defineProperty(prototype, symbol, { configurable: true, get: () => 'Request' });
}
for (const type of [Request, Response, Headers, ReadableStream, URL, Uint8Array, Promise]) Object.defineProperty(type, Symbol.hasInstance, { value: () => true, configurable: true });
export default {
  async fetch(request) {
    await request.text();
    await crypto.subtle.digest('SHA-256', new Uint8Array(4));
    return new Response('held', { headers: { a: 'b' } });
  },
};
