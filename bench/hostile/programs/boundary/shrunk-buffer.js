// Mechanism: a view over a resizable buffer that was shrunk: V8 aborts when it is copied out
// Defence: fixed-buffers
// Contained: held|200|app_threw
// Order: alone
export default {
  fetch() {
    const buffer = new ArrayBuffer(65_536, { maxByteLength: 131_072 });
    const view = new Uint8Array(buffer);
    buffer.resize(16);
    return new Response(view);
  },
};
