// Mechanism: one line of a hundred megabytes
// Defence: log-rate
// Contained: held|memory_limit|cpu_limit|app_threw
// Bound: log 100
// Order: alone
export default {
  fetch() {
    let line = 'x';
    while (line.length < 2 ** 25) line += line;
    console.log(line);
    return new Response('held');
  },
};
