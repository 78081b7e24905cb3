// Mechanism: another tenant's environment, or the host's, by every name that there is
// Defence: bare-global
// Contained: held
export default {
  fetch(_request, env) {
    const text = JSON.stringify([Object.entries(env), typeof process, typeof Deno, globalThis.process?.env]);
    return new Response(text.includes('PATH') || text.includes('VICTIM') ? `escaped: ${text}` : 'held');
  },
};
