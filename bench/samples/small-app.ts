import { random } from './random.ts';

const WORDS = ['amber', 'birch', 'cedar', 'dune', 'ember', 'fjord', 'grove', 'heath', 'inlet', 'juniper', 'knoll', 'larch', 'marsh', 'north', 'oak', 'pine'];

/** A Worker of about 1 KB that no other index gives. Answers with how many requests its isolate has had: the first one says `"served":1`. */
export function smallApp(index: number): string {
  const next = random(index);
  const salt = Math.floor(next() * 2 ** 31);
  const words = Array.from({ length: 12 }, () => WORDS[Math.floor(next() * WORDS.length)]);
  const routes = Array.from({ length: 4 }, (_, route) => `  '/${words[route]}-${index}-${route}': (url) => ({ greeting: '${words[route + 4]} ' + (url.searchParams.get('name') ?? '${words[route + 8]}') }),`);
  return `const NAME = 'small-${index}';
const WORDS = ${JSON.stringify(words)};
let served = 0;

class Digest_${index} {
  #state = ${salt};
  add(text) {
    for (let i = 0; i < text.length; i++) this.#state = Math.imul(this.#state ^ text.charCodeAt(i), ${(salt % 9973) * 2 + 1}) >>> 0;
    return this;
  }
  hex() {
    return this.#state.toString(16).padStart(8, '0');
  }
}

const routes = {
${routes.join('\n')}
};

export default {
  async fetch(request) {
    served++;
    const url = new URL(request.url);
    const route = routes[url.pathname];
    const digest = new Digest_${index}().add(url.pathname).add(WORDS.join(' ')).hex();
    return Response.json({ app: NAME, served, digest, ...(route === undefined ? {} : route(url)) });
  },
};
`;
}
