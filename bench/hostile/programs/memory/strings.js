// Mechanism: strings that double and are made flat
// Defence: memory-limit
// Contained: memory_limit|cpu_limit|app_threw
// Limits: cpu_ms 1500
const kept = [];
export default {
  fetch() {
    for (let text = 'x'; ; text += text + kept.length) {
      kept.push(text.charCodeAt(text.length - 1), text);
      if (text.length > 2 ** 24) text = 'y';
    }
  },
};
