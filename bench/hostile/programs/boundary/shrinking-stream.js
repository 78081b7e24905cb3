// Mechanism: a chunk that shrinks while it waits to be sent
// Defence: fixed-buffers
// Contained: held|200|app_threw|cut
export default {
  fetch() {
    const buffer = new ArrayBuffer(4_000_000, { maxByteLength: 8_000_000 });
    return new Response(new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(buffer));
        queueMicrotask(() => buffer.resize(8));
        setTimeout(() => { buffer.resize(0); controller.close(); }, 1);
      },
    }));
  },
};
