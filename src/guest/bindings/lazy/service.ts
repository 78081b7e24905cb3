import { SERVICE_CALL } from '../../../protocol/service-call.ts';
import { assertHandling } from '../../kernel/clock.ts';
import { fetchThrough } from '../../webapi/fetch/fetch.ts';
import type { Response } from '../../webapi/fetch/index.ts';
import { decorateInterface } from '../../webapi/webidl.ts';

/** Another app of the same host, https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/http/ */
export class Fetcher {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  /** As the global fetch, but that redirects are not followed and nothing leaves the host. */
  fetch(input: unknown, init: unknown = undefined): Promise<Response> {
    const name = this.#name;
    assertHandling();
    return fetchThrough({ call: SERVICE_CALL, first: [name] }, input, init, arguments.length);
  }
}
decorateInterface('Fetcher', Fetcher);
