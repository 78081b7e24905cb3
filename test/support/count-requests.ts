import type { RequestListener } from 'node:http';
import { serveHttp } from './serve-http.ts';
import type { Cleanup } from './start-nanos.ts';

/** A server that counts what it is sent; `answer`: else nobody learns that the request took effect. */
export async function countRequests(cleanup: Cleanup, answer: RequestListener = () => undefined): Promise<{ readonly url: string; readonly count: number }> {
  let count = 0;
  const origin = await serveHttp(cleanup, (request, response) => {
    count++;
    answer(request, response);
  });
  return {
    url: `${origin}/`,
    get count() {
      return count;
    },
  };
}
