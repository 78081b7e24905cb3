import { FETCH_CALL } from '../../../protocol/fetch-call.ts';
import { assertHandling } from '../../kernel/clock.ts';
import type { Response } from './response.ts';
import { fetchThrough } from './subrequest/lazy/index.ts';

export { crossingBody, fetchThrough, toResponse } from './subrequest/lazy/index.ts';

/** Throws at top level, so that code which fetches there fails when it is deployed and not silently. */
export function fetch(input: unknown, init: unknown = undefined): Promise<Response> {
  assertHandling();
  return fetchThrough({ call: FETCH_CALL, first: [] }, input, init, arguments.length);
}
