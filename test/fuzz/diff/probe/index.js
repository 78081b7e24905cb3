/** Runs small programs, sent as JSON, and tells what came of each step: the same Worker on every host that is compared. */
import { describe } from './describe.js';
import { revive } from './revive.js';
import * as cryptography from './scenarios/crypto.js';
import * as programs from './scenarios/programs.js';
import * as streams from './scenarios/streams.js';

const SCENARIOS = { ...cryptography, ...programs, ...streams };

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith('/echo')) return echo(request);
    if (pathname === '/respond') return respond(await request.json());
    return Response.json(await run(await request.json()));
  },
};

/** What the handler saw of its request: its URL serialised, as workerd has it just as it came. */
async function echo(request) {
  const headers = [...request.headers].filter(([name]) => !HOP_BY_HOP.has(name));
  return Response.json({ method: request.method, url: new URL(request.url).href.replace(/^http:\/\/[^/]*/, ''), headers, body: await describe(new Uint8Array(await request.arrayBuffer())) });
}

/** Set by the connection or the host in front, not by the client. */
const HOP_BY_HOP = new Set(['connection', 'host', 'content-length', 'transfer-encoding', 'cf-connecting-ip', 'x-forwarded-for', 'x-forwarded-proto']);

function respond({ body, init, thrown }) {
  if (thrown !== undefined) throw revive(thrown, []);
  return new Response(revive(body, []), revive(init, []));
}

async function run(steps) {
  const results = [];
  const told = [];
  for (const step of steps) {
    try {
      results.push(await inTime(perform(step, results)));
      told.push(await describe(results.at(-1)));
    } catch (error) {
      results.push(undefined);
      told.push({ thrown: nameOf(error) });
    }
  }
  return told;
}

const WAIT_MS_MAX = 2000;

/** What never settles is told as that. */
async function inTime(work) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve('never settles'), WAIT_MS_MAX);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function perform({ make, call, get, set, scenario, on, args = [], value }, results) {
  const given = args.map((arg) => revive(arg, results));
  const target = on === undefined ? globalThis : (results[on] ?? missing());
  if (scenario !== undefined) return SCENARIOS[scenario](...given);
  if (make !== undefined) return Reflect.construct(globalThis[make] ?? missing(), given);
  if (call !== undefined) return owner(target, call)[call.split('.').at(-1)](...given);
  if (get !== undefined) return target[get];
  target[set] = revive(value, results);
  return target;
}

/** `crypto.subtle.digest` is called on `crypto.subtle`. */
function owner(target, path) {
  return path.split('.').slice(0, -1).reduce((object, name) => object[name], target);
}

function missing() {
  throw new ReferenceError('The step before failed');
}

function nameOf(error) {
  return error instanceof DOMException ? `DOMException ${error.name}` : error instanceof Error ? error.name : typeof error;
}
