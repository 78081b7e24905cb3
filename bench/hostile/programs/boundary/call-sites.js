// Mechanism: functions and receivers of the frames below, taken from structured stack traces
// Defence: bare-global
// Contained: held
const found = new Set();
Error.prepareStackTrace = (_error, sites) => {
  for (const site of sites) {
    if (site.getFunction() !== undefined) found.add(`function ${site.getFunctionName()}`);
    const receiver = site.getThis();
    if (receiver !== undefined && receiver !== null && receiver !== globalThis) found.add(`receiver in ${site.getFunctionName()}`);
  }
  return sites.length;
};
const look = () => new Error('look').stack;
export default {
  async fetch(request) {
    look();
    for (const value of [{ toString: look }, { valueOf: look }]) try { new Headers([['x', value]]); new Response('', { status: value }); } catch { /* looked */ }
    await new Promise((resolve) => setTimeout(() => resolve(look()), 1));
    await new ReadableStream({ pull(controller) { look(); controller.close(); } }).getReader().read();
    queueMicrotask(look);
    request.signal.addEventListener('abort', look);
    await null;
    found.delete('function look');
    return new Response(found.size === 0 ? 'held' : `escaped: ${[...found].join(', ')}`);
  },
};
