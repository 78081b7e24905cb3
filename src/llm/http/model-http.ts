/** The way out for models behind HTTP; the host supplies it, with the operator's word about where it may lead. */
export interface ModelHttpRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON */
  readonly body: string;
  readonly signal: AbortSignal;
}

export interface ModelHttpResponse {
  readonly status: number;
  /** of the header Retry-After, in s */
  readonly retryAfterS: number | undefined;
  /** must be read to its end, or left by `return` */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Sends one POST and follows no redirect. Rejects with the signal's reason, or with an error whose message may be shown. */
export type ModelHttp = (request: ModelHttpRequest) => Promise<ModelHttpResponse>;
