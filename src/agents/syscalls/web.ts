/** The family `web`: HTTP through the same guard as the apps' `fetch`. */
import { z } from 'zod';
import { describeRequest, requestAllowed } from '../../policy/agent-network.ts';
import { iterateBody } from '../../net/egress/body-reader.ts';
import type { BodyReader } from '../../net/egress/body-reader.ts';
import type { Egress, EgressAccount, EgressResponse } from '../../net/egress/egress.ts';
import { AGENT_LIMITS } from '../../protocol/agent-limits.ts';
import { packPayload } from '../../protocol/agent/payload.ts';
import type { EgressPolicy } from '../../protocol/app.ts';
import { NanosError } from '../../protocol/errors.ts';
import { Turns } from '../../util/turns.ts';
import type { Grant } from '../grant.ts';
import { SyscallError } from '../syscall-handler.ts';
import type { SyscallHandler } from '../syscall-handler.ts';

/** RFC 9110, section 5.6.2 */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
/** RFC 9110, section 5.5: one byte a character */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const URL_CHARACTERS_MAX = 16_384;
const METHODS_WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD']);
/** By name alone they change nothing at the other end (RFC 9110, section 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD']);
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK']);

/** A request is one step, however many redirects it takes; what the host works for it is bounded by the limits on its time and its bytes. */
const UNCOUNTED: EgressAccount = { countSubrequest: () => undefined, chargeCpu: () => undefined };

const method = z
  .string()
  .regex(TOKEN, 'must be an HTTP method')
  .refine((name) => !FORBIDDEN_METHODS.has(name.toUpperCase()), 'must not be CONNECT, TRACE or TRACK')
  .transform((name) => (/^(?:delete|get|head|options|post|put)$/i.test(name) ? name.toUpperCase() : name));

const header = z.tuple([z.string().regex(TOKEN, 'must be the name of a header'), z.string().regex(FIELD_VALUE, 'must be the value of a header, in Latin-1')]);

const fetchArguments = z.strictObject({
  url: z.string().max(URL_CHARACTERS_MAX).refine((url) => URL.canParse(url), 'must be an absolute URL'),
  method: method.default('GET'),
  headers: z.array(header).max(AGENT_LIMITS.webHeadersMax).default([]),
  timeoutMs: z.int().min(1).max(AGENT_LIMITS.webMsMax).default(AGENT_LIMITS.webMs),
});
type FetchArguments = z.infer<typeof fetchArguments>;

/** By a run's own policy. What is under way holds up to two bodies each in the host's memory. */
const turns = new WeakMap<EgressPolicy, Turns>();

/** `open` is called at the first request: an agent that makes none does without the client. */
export function webSyscalls(open: () => Promise<Egress>): readonly SyscallHandler[] {
  let egress: Promise<Egress> | undefined;
  const webFetch: SyscallHandler<FetchArguments> = {
    name: 'web_fetch',
    arguments: fetchArguments,
    body: 'optional',
    authorize: (args, { grant }) => requestAllowed(args.method, new URL(args.url), grant.manifest.permissions.network, grant.egress),
    effect: (args) => (SAFE_METHODS.has(args.method) ? 'none' : 'effect'),
    act(args, body, { grant, signal }) {
      checkBody(args, body);
      egress ??= open();
      // the guest may change its memory once this returns
      return send(egress, args, body === undefined ? null : body.slice(), grant, signal);
    },
  };
  return [webFetch];
}

function checkBody(args: FetchArguments, body: Uint8Array | undefined): void {
  if (body === undefined) return;
  if (METHODS_WITHOUT_BODY.has(args.method)) throw new SyscallError('invalid_argument', `A ${args.method} request can't have a body`);
  if (body.length > AGENT_LIMITS.webRequestBytesMax) throw new SyscallError('too_large', `The request's body has more than ${AGENT_LIMITS.webRequestBytesMax} bytes`);
}

function turnsOf(egress: EgressPolicy): Turns {
  const known = turns.get(egress) ?? new Turns(AGENT_LIMITS.webRequestsMax);
  turns.set(egress, known);
  return known;
}

async function send(opening: Promise<Egress>, args: FetchArguments, body: Uint8Array | null, grant: Grant, cancelled: AbortSignal): Promise<Uint8Array> {
  const url = new URL(args.url);
  if (grant.egress === undefined) throw SyscallError.denied(describeRequest(args.method, url), 'permissions.network: false');
  const late = AbortSignal.timeout(args.timeoutMs);
  const signal = AbortSignal.any([cancelled, late]);
  let end: (() => void) | undefined;
  try {
    end = await turnsOf(grant.egress).take(signal);
    const egress = await opening;
    const request = { method: args.method, url: url.href, headers: args.headers.flat(), redirect: 'follow', body } as const;
    const response = await egress.fetch(request, grant.egress, signal, UNCOUNTED);
    return reply(response, await readWhole(response.body, signal));
  } catch (error) {
    throw asSyscallError(error, args, url, cancelled, late);
  } finally {
    end?.();
  }
}

function reply({ status, url, headers }: EgressResponse, body: Uint8Array): Uint8Array {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) pairs.push([headers[index] ?? '', headers[index + 1] ?? '']);
  return packPayload({ status, url, headers: pairs }, body);
}

async function readWhole(body: BodyReader | null, signal: AbortSignal): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of iterateBody(body)) {
    signal.throwIfAborted();
    length += chunk.length;
    if (length > AGENT_LIMITS.webResponseBytesMax) throw new SyscallError('too_large', `The response's body has more than ${AGENT_LIMITS.webResponseBytesMax} bytes`);
    chunks.push(chunk);
  }
  signal.throwIfAborted();
  return Buffer.concat(chunks, length);
}

function asSyscallError(error: unknown, args: FetchArguments, url: URL, cancelled: AbortSignal, late: AbortSignal): unknown {
  if (error instanceof SyscallError) return error;
  if (cancelled.aborted) return new SyscallError('aborted', 'The request was given up');
  if (late.aborted) return new SyscallError('timeout', `No complete response from ${url.host} within ${args.timeoutMs} ms`);
  if (error instanceof NanosError && error.code === 'egress_denied') return SyscallError.denied(describeRequest(args.method, url), error.message);
  return error instanceof TypeError ? new SyscallError('unreachable', error.message) : error;
}
