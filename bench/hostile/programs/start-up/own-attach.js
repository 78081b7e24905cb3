// Mechanism: a top level that attaches itself before the host can
// Defence: attach-once
// Contained: app_failed_to_start|held
// Ballast: 70000
// Workerd: no
const ballast = String.raw`{{BALLAST}}`;
let packed = '';
globalThis.__nanos?.('attach', (text) => (packed += text), new ArrayBuffer(12), new ArrayBuffer(32), '{}', '{}', '[]', []);
export default { fetch: () => new Response(packed === '' ? `held ${ballast.length}` : `escaped: ${packed}`) };
