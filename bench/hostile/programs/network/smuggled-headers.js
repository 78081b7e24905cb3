// Mechanism: headers that would change how the request is framed, or whose it seems to be
// Defence: outgoing-headers
// Contained: held
// Grant: loopback
// Limits: cpu_ms 2000
export default {
  async fetch(request) {
    const origin = new URL(request.url).searchParams.get('origin');
    const names = ['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'te', 'trailer', 'proxy-connection', 'keep-alive', 'expect'];
    const sent = [];
    for (const name of names) {
      try {
        const echoed = await (await fetch(`${origin}echo`, { method: 'POST', body: 'abc', headers: { [name]: name === 'content-length' ? '1' : 'smuggled' } })).text();
        if (/smuggled|content-length: 1\n/.test(echoed)) sent.push(name);
      } catch {
        // refused
      }
    }
    for (const value of ['a\r\nx-smuggled: 1', 'a\nx-smuggled: 1', 'a\0b']) {
      try {
        const echoed = await (await fetch(`${origin}echo`, { headers: { 'x-a': value } })).text();
        if (echoed.includes('x-smuggled')) sent.push('a line break');
      } catch {
        // refused
      }
    }
    return new Response(sent.length === 0 ? 'held' : `escaped: ${sent.join(' ')}`);
  },
};
