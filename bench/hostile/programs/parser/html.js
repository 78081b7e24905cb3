// Mechanism: HTML nested a hundred thousand deep, against selectors that look at every ancestor
// Defence: cpu-budget
// Contained: cpu_limit|memory_limit|app_threw|cut
export default {
  fetch() {
    const html = '<div class="a">'.repeat(200_000);
    const rewriter = new HTMLRewriter();
    for (let i = 0; i < 30; i++) rewriter.on(`div.a div.a div.a p:nth-child(${i + 1}) > div[class$="z"]`, { element() {} });
    return rewriter.transform(new Response(html));
  },
};
