// Mechanism: a body whose buffer is moved away after the response was made
// Defence: fixed-buffers
// Contained: held|200|app_threw|cut
export default {
  fetch() {
    const bytes = new Uint8Array(1_000_000);
    const response = new Response(bytes);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    bytes.buffer.transfer?.();
    return response;
  },
};
