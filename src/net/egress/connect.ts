/** The only place where a connection for a tenant is opened. */
import { isIP, connect as connectTcp } from 'node:net';
import type { LookupFunction, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { addressAllowed } from '../../policy/egress.ts';
import type { EgressPolicy } from '../../protocol/app.ts';
import { NanosError } from '../../protocol/errors.ts';

/** All addresses of a host name, best first. */
export type Lookup = (hostname: string) => Promise<readonly string[]>;

/** Price of looking up a name: about what one costs that ends in an error, which is twice as much as others. It is spent in threads of a pool, where it can't be told apart. */
const LOOKUP_CPU_MS = 0.25;

export interface ConnectOptions {
  readonly lookup: Lookup;
  readonly connectMsMax: number;
  /** PEM certificates to trust instead of the system's */
  readonly certificateAuthorities: readonly string[] | undefined;
}

export interface ConnectAccount {
  /** in ms */
  chargeCpu(cpuMs: number): void;
}

export interface Target {
  readonly secure: boolean;
  /** name or address, without brackets */
  readonly hostname: string;
  readonly port: number;
}

/**
 * Resolves once, judges every address, and connects to one of the judged addresses and to nothing else: between the check and the
 * connection nobody is asked again. Throws `egress_denied`, or what the network says. An abort ends the attempt at once.
 */
export async function connect(target: Target, policy: EgressPolicy, options: ConnectOptions, account: ConnectAccount, signal: AbortSignal): Promise<Socket> {
  const attempt = new AbortController();
  const abort = (): void => attempt.abort(signal.reason);
  const late = new TypeError(`Request to ${target.hostname} failed: no connection within ${options.connectMsMax} ms`);
  const timer = setTimeout(() => attempt.abort(late), options.connectMsMax);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    const addresses = await orAbort(resolveAllowed(target.hostname, policy, options.lookup, account), attempt.signal);
    const socket = await connected(open(target, addresses, options), target.secure, attempt.signal);
    assertJudged(socket, target, policy);
    return socket;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

export function egressDenied(host: string, reason: string): NanosError {
  return new NanosError('egress_denied', `Request to ${host} denied: ${reason}`);
}

async function resolveAllowed(hostname: string, policy: EgressPolicy, lookup: Lookup, account: ConnectAccount): Promise<string[]> {
  const isName = isIP(hostname) === 0;
  if (isName) account.chargeCpu(LOOKUP_CPU_MS);
  const addresses = isName ? await lookup(hostname) : [hostname];
  const allowed: string[] = [];
  let reason = 'the name has no address';
  for (const address of addresses) {
    const verdict = addressAllowed(address, policy);
    if (verdict.allowed) allowed.push(address);
    else reason = verdict.reason;
  }
  if (allowed.length === 0) throw egressDenied(hostname, reason);
  return allowed;
}

function open(target: Target, addresses: readonly string[], options: ConnectOptions): Socket {
  const where = { host: target.hostname, port: target.port, lookup: fixedLookup(addresses), autoSelectFamily: true, noDelay: true, keepAlive: true };
  if (!target.secure) return connectTcp(where);
  return connectTls({
    ...where,
    servername: isIP(target.hostname) === 0 ? target.hostname.replace(/\.$/, '') : '',
    ALPNProtocols: ['http/1.1'],
    ...(options.certificateAuthorities === undefined ? {} : { ca: [...options.certificateAuthorities] }),
  });
}

function fixedLookup(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_hostname, options, callback) => {
    const [first] = all;
    if (options.all === true || first === undefined) process.nextTick(callback, null, all);
    else process.nextTick(callback, null, first.address, first.family);
  };
}

function connected(socket: Socket, secure: boolean, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const abort = (): void => void socket.destroy(asError(signal.reason));
    const settle = (error?: Error): void => {
      signal.removeEventListener('abort', abort);
      socket.off('close', closed);
      if (error === undefined) resolve(socket);
      else reject(error);
    };
    const closed = (): void => settle(new TypeError('The connection was closed before it was established'));
    signal.addEventListener('abort', abort);
    socket.once(secure ? 'secureConnect' : 'connect', () => settle());
    socket.on('error', settle);
    socket.on('close', closed);
    if (signal.aborted) abort();
  });
}

/** Holds by construction; if it ever did not, this is where it must end. */
function assertJudged(socket: Socket, target: Target, policy: EgressPolicy): void {
  const verdict = addressAllowed(socket.remoteAddress ?? '', policy);
  if (verdict.allowed) return;
  socket.destroy();
  throw egressDenied(target.hostname, verdict.reason);
}

function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(asError(signal.reason));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new DOMException('The operation was aborted', 'AbortError');
}
