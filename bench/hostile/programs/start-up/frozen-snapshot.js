// Mechanism: a large app that freezes the global object: its snapshot kills whoever restores it
// Defence: test-restore
// Contained: held|app_failed_to_start
// Ballast: 70000
const ballast = String.raw`{{BALLAST}}`;
Object.freeze(globalThis);
Object.freeze(Object);
Object.seal(JSON);
export default { fetch: () => new Response(`held ${ballast.length > 70_000}`) };
