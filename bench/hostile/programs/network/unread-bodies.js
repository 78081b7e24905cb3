// Mechanism: fifty endless bodies fetched and none read
// Defence: stream-window
// Contained: wall_limit|held
// Grant: loopback
// Limits: cpu_ms 3000
// Order: alone
// Bound: memory 200
const kept = [];
export default {
  async fetch(request) {
    const origin = new URL(request.url).searchParams.get('origin');
    for (let i = 0; i < 40; i++) kept.push(await fetch(`${origin}endless-body`));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    return new Response(`held ${kept.length}`);
  },
};
