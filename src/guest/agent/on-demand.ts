/** Globals that are part of an agent's bundle only when the agent names them. */
import { structuredClone as clone } from '../webapi/structured-clone/lazy/index.ts';
import { TextDecoder as StandardTextDecoder } from '../webapi/encoding/decoder/lazy/text-decoder.ts';
import { encodeUtf8Into } from '../webapi/encoding/utf8.ts';
import { URL as StandardUrl } from '../webapi/url/url.ts';
import { URLSearchParams as StandardUrlSearchParams } from '../webapi/url/url-search-params.ts';
import { decorateInterface, isBufferSource, viewBytes } from '../webapi/webidl.ts';
import { runtime } from './runtime.ts';

function named<T extends { readonly prototype: object }>(name: string, interfaceClass: T): T {
  decorateInterface(name, interfaceClass);
  return interfaceClass;
}

export const URL = /* @__PURE__ */ named('URL', StandardUrl);
export const URLSearchParams = /* @__PURE__ */ named('URLSearchParams', StandardUrlSearchParams);

export function structuredClone(value: unknown, options?: unknown): unknown {
  return clone(value, options);
}

/** https://encoding.spec.whatwg.org/#interface-textencoder, by the engine's own conversion */
export const TextEncoder = /* @__PURE__ */ named(
  'TextEncoder',
  class {
    get encoding(): string {
      return 'utf-8';
    }

    encode(input: unknown = ''): Uint8Array<ArrayBuffer> {
      return runtime.encodeText(String(input));
    }

    encodeInto(source: unknown, destination: Uint8Array): { read: number; written: number } {
      return encodeUtf8Into(String(source).toWellFormed(), destination);
    }
  },
);

/** Whole UTF-8 texts go by the engine's own conversion. */
export const TextDecoder = /* @__PURE__ */ named(
  'TextDecoder',
  class extends StandardTextDecoder {
    #isStreaming = false;

    override decode(input: unknown = undefined, options: { readonly stream?: boolean } | undefined = undefined): string {
      const isPlain = this.encoding === 'utf-8' && !this.fatal && !this.#isStreaming && options?.stream !== true;
      this.#isStreaming = options?.stream === true;
      if (!isPlain || !isBufferSource(input)) return super.decode(input, options);
      const text = runtime.decodeText(viewBytes(input));
      return !this.ignoreBOM && text.startsWith('\ufeff') ? text.slice(1) : text;
    }
  },
);
