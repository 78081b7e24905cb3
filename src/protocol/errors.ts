/** Every stable error code, whose fault it is, and the HTTP status a client gets. The one table; docs/errors.md is checked against it. */

export type Fault = 'tenant' | 'client' | 'host';

interface ErrorKind {
  readonly status: number;
  readonly fault: Fault;
}

export const ERRORS = {
  // what a client of an app sees
  app_not_found: { status: 404, fault: 'client' },
  app_threw: { status: 500, fault: 'tenant' },
  app_failed_to_start: { status: 500, fault: 'tenant' },
  app_restarted: { status: 503, fault: 'tenant' },
  cpu_limit: { status: 503, fault: 'tenant' },
  memory_limit: { status: 503, fault: 'tenant' },
  wall_limit: { status: 504, fault: 'tenant' },
  overloaded: { status: 503, fault: 'tenant' },
  quarantined: { status: 503, fault: 'tenant' },
  body_too_large: { status: 413, fault: 'client' },
  headers_too_large: { status: 431, fault: 'client' },
  request_timeout: { status: 408, fault: 'client' },
  bad_request: { status: 400, fault: 'client' },
  // reading, building and deploying apps
  folder_missing: { status: 400, fault: 'client' },
  folder_unreadable: { status: 400, fault: 'client' },
  folder_empty: { status: 400, fault: 'client' },
  config_invalid: { status: 400, fault: 'tenant' },
  app_name_invalid: { status: 400, fault: 'tenant' },
  app_clash: { status: 409, fault: 'tenant' },
  entry_missing: { status: 400, fault: 'tenant' },
  path_escape: { status: 400, fault: 'tenant' },
  build_failed: { status: 422, fault: 'tenant' },
  build_limit: { status: 422, fault: 'tenant' },
  upload_invalid: { status: 400, fault: 'client' },
  // inside an app: rejections of fetch and of other host calls
  egress_denied: { status: 403, fault: 'tenant' },
  subrequest_limit: { status: 503, fault: 'tenant' },
  binding_not_granted: { status: 403, fault: 'tenant' },
  token_limit: { status: 429, fault: 'tenant' },
  // agents
  module_invalid: { status: 422, fault: 'tenant' },
  module_refused: { status: 422, fault: 'tenant' },
  snapshot_corrupt: { status: 500, fault: 'host' },
  run_in_use: { status: 409, fault: 'client' },
  run_exists: { status: 409, fault: 'client' },
  recording_invalid: { status: 400, fault: 'client' },
  recording_unsupported: { status: 400, fault: 'client' },
  recording_corrupt: { status: 500, fault: 'host' },
  recording_full: { status: 507, fault: 'host' },
  approval_not_found: { status: 404, fault: 'client' },
  approval_decided: { status: 409, fault: 'client' },
  run_not_waiting: { status: 409, fault: 'client' },
  edit_refused: { status: 422, fault: 'client' },
  replay_diverged: { status: 409, fault: 'host' },
  agents_not_configured: { status: 501, fault: 'host' },
  agents_restarted: { status: 503, fault: 'host' },
  // models
  model_missing: { status: 404, fault: 'client' },
  model_invalid: { status: 422, fault: 'client' },
  model_unsupported: { status: 400, fault: 'client' },
  context_overflow: { status: 400, fault: 'client' },
  model_engine_missing: { status: 503, fault: 'host' },
  model_out_of_memory: { status: 503, fault: 'host' },
  model_failed: { status: 502, fault: 'host' },
  model_unreachable: { status: 502, fault: 'host' },
  model_key_refused: { status: 502, fault: 'host' },
  model_timeout: { status: 504, fault: 'host' },
  // control plane and command line
  unauthorized: { status: 401, fault: 'client' },
  forbidden: { status: 403, fault: 'client' },
  not_found: { status: 404, fault: 'client' },
  method_not_allowed: { status: 405, fault: 'client' },
  port_in_use: { status: 500, fault: 'host' },
  port_forbidden: { status: 500, fault: 'host' },
  watch_limit: { status: 500, fault: 'host' },
  disk_full: { status: 507, fault: 'host' },
  data_dir_in_use: { status: 500, fault: 'host' },
  artefact_corrupt: { status: 500, fault: 'host' },
  second_wall_missing: { status: 500, fault: 'host' },
  host_unreachable: { status: 502, fault: 'host' },
  usage: { status: 400, fault: 'client' },
  internal: { status: 500, fault: 'host' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** Where in a tenant's files an error is; lines and columns count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

export interface ErrorDetails {
  readonly cause?: unknown;
  readonly position?: SourcePosition | undefined;
  /** For a client: seconds until it is worth trying again. */
  readonly retryAfterS?: number | undefined;
}

export class NanosError extends Error {
  override readonly name = 'NanosError';
  readonly code: ErrorCode;
  readonly position: SourcePosition | undefined;
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.position = details.position;
    this.retryAfterS = details.retryAfterS;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get fault(): Fault {
    return ERRORS[this.code].fault;
  }
}

/** An error as data, for a crossing between processes or an HTTP body. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly message: string;
  readonly position?: SourcePosition | undefined;
  readonly retryAfterS?: number | undefined;
}

export function toErrorData(error: unknown): ErrorData {
  if (error instanceof NanosError) {
    return { code: error.code, message: error.message, position: error.position, retryAfterS: error.retryAfterS };
  }
  if (isDiskFull(error)) return { code: 'disk_full', message: 'No space is left on the disk of the host. Free some and try again' };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}

/** An error of the operating system that says that a file can't grow. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

export function fromErrorData(data: ErrorData): NanosError {
  return new NanosError(data.code, data.message, { position: data.position, retryAfterS: data.retryAfterS });
}
