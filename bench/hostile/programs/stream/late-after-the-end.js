// Mechanism: compressed data that goes on after its end, once the host has taken the end
// Defence: decoder-errors
// Contained: held
// Repeats: 3
export default {
  async fetch() {
    const { readable, writable } = new DecompressionStream('gzip');
    const packed = new Response(new Response('text').body.pipeThrough(new CompressionStream('gzip')));
    const end = await packed.bytes();
    const writer = writable.getWriter();
    const reader = readable.getReader();
    const written = (async () => {
      await writer.write(end);
      await scheduler.wait(50);
      await writer.write(new Uint8Array([1, 2, 3]));
      await writer.close();
    })().catch(() => {});
    try {
      while (!(await reader.read()).done);
      return new Response('escaped: it was taken');
    } catch (error) {
      await written;
      return new Response(`held: ${error.message}`);
    }
  },
};
