// Mechanism: host names that must be mapped and encoded, label by label
// Defence: cpu-budget
// Contained: cpu_limit|held|memory_limit|app_threw
export default {
  fetch() {
    const host = Array.from({ length: 2_000 }, (_, i) => `\u00fc\u0308\u1e9e${String.fromCodePoint(0x4e00 + i)}`).join('.');
    for (;;) {
      try {
        new URL(`http://${host}/`);
      } catch {
        // too long, and found so only after the work
      }
    }
  },
};
