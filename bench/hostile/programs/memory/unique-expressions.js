// Mechanism: compiled code without end: regular expressions that are all different
// Defence: memory-limit
// Contained: memory_limit|cpu_limit
// Limits: cpu_ms 1500
const kept = [];
export default {
  fetch() {
    for (let i = 0; ; i++) {
      const expression = new RegExp(`(a|b${i})+c{${i % 50}}`, 'u');
      expression.test('ab'.repeat(20));
      kept.push(expression);
    }
  },
};
