// Mechanism: bytes that inflate to a thousand times their size, in the host
// Defence: cpu-budget
// Contained: cpu_limit|memory_limit
// Order: alone
// Bound: memory 400
export default {
  async fetch() {
    const zeros = new ReadableStream({ pull(controller) { controller.enqueue(new Uint8Array(1_048_576)); } });
    const packed = zeros.pipeThrough(new CompressionStream('gzip')).pipeThrough(new CompressionStream('gzip'));
    let bytes = 0;
    for await (const chunk of packed.pipeThrough(new DecompressionStream('gzip')).pipeThrough(new DecompressionStream('gzip'))) bytes += chunk.length;
    return new Response(String(bytes));
  },
};
