// Mechanism: a form of a hundred thousand parts
// Defence: cpu-budget
// Contained: cpu_limit|memory_limit|app_threw
export default {
  async fetch() {
    const part = '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\nx\r\n';
    const body = `${part.repeat(400_000)}--b--\r\n`;
    const form = await new Response(body, { headers: { 'content-type': 'multipart/form-data; boundary=b' } }).formData();
    return new Response(String([...form].length));
  },
};
