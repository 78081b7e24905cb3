// Mechanism: an import of a neighbour's source
// Defence: import-guard
// Contained: app_failed_to_start
// Workerd: no
import neighbour from '../victim/index.js';
export default { fetch: () => new Response(`escaped: ${typeof neighbour}`) };
