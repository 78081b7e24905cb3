import { NanosError } from '../../protocol/errors.ts';

/** What went wrong, by the code of Node, OpenSSL, undici or llhttp; the text follows "Request to HOST failed: ". */
const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name does not resolve at the moment',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  UND_ERR_SOCKET: 'the connection was closed',
  UND_ERR_INFO: 'the connection was closed',
  UND_ERR_HEADERS_OVERFLOW: 'the response headers are too large',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'the body is not as long as announced',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the response is not as long as announced',
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is for another host",
  CERT_HAS_EXPIRED: 'the certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate chain is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate can not be verified',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate can not be verified',
};

/**
 * What a tenant's fetch rejects with when the network failed: a TypeError (Fetch, "network error") that says why, without addresses of
 * this host. Our own errors and TypeErrors pass as they are.
 */
export function networkError(host: string, cause: unknown): Error {
  if (cause instanceof NanosError || cause instanceof TypeError) return cause;
  return new TypeError(`Request to ${host} failed: ${reasonOf(cause)}`, { cause });
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown error';
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const first = cause instanceof AggregateError ? cause.errors[0] : undefined;
  if (REASONS[code] === undefined && first instanceof Error) return reasonOf(first);
  if (code.startsWith('HPE_')) return 'the response is not valid HTTP';
  if (code.startsWith('UND_ERR_INVALID')) return cause.message;
  return REASONS[code] ?? (code === '' ? 'unknown error' : code);
}
