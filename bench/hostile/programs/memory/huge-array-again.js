// Mechanism: the same catastrophe with every request, so that cell after cell has to be replaced
// Defence: quarantine
// Contained: memory_limit|cpu_limit|quarantined|app_restarted
// Order: alone
// Repeats: 5
// Last: quarantined
// Then: app_quarantined
// Limits: cpu_ms 1500
export default {
  fetch: () => new Response(String(new Array(2 ** 32 - 2).fill(0).length)),
};
