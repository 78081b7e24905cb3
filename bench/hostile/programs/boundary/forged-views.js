// Mechanism: objects that say of themselves that they are buffers, requests, responses
// Defence: fixed-buffers
// Contained: held
const lengths = { byteLength: { value: 2 ** 40 }, byteOffset: { value: -8 }, length: { value: 2 ** 40 }, buffer: { value: {} } };
export default {
  async fetch() {
    const forged = [
      Object.create(Uint8Array.prototype),
      Object.defineProperties(new Uint8Array(8), lengths),
      Object.setPrototypeOf({ [Symbol.toStringTag]: 'Uint8Array' }, ArrayBuffer.prototype),
      new Proxy(new Uint8Array(8), {}),
      new Proxy(new ArrayBuffer(8), {}),
    ];
    const answers = [];
    for (const view of forged) {
      try {
        answers.push((await crypto.subtle.digest('SHA-256', view)).byteLength);
      } catch (error) {
        answers.push(error.name);
      }
      try {
        new Response(view);
      } catch (error) {
        answers.push(error.name);
      }
    }
    return new Response(`held ${answers.join(' ')}`);
  },
};
