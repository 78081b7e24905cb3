// Mechanism: constructors of Intl, each of which does much native work
// Defence: cpu-budget
// Contained: cpu_limit
export default {
  fetch() {
    for (let i = 0; ; i++) new Intl.DateTimeFormat(['en', 'de', 'ja', 'ar'][i % 4], { dateStyle: 'full', timeStyle: 'full', timeZone: 'Asia/Tokyo' }).format(i);
  },
};
