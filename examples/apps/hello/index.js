export default {
  fetch(request) {
    const { pathname } = new URL(request.url);
    return new Response(`Hello from nanos, at ${pathname}\n`);
  },
};
