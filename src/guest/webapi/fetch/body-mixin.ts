/** https://fetch.spec.whatwg.org/#body-mixin */
import { decodeUtf8 } from '../encoding/index.ts';
import { type Blob, blobFromParts } from '../file-api/index.ts';
import { URLSearchParams } from '../url/index.ts';
import { enumerableMembers } from '../webidl.ts';
import { FormData, parseMultipart } from '../xhr/index.ts';
import type { ReadableStream } from '../streams/index.ts';
import type { Body } from './body.ts';
import { bytesOf, isBodyUsed, readBody, streamOf, textOf } from './body.ts';
import type { HeaderList } from './header-list.ts';
import { getHeader } from './header-list.ts';
import { extractMimeType, serializeMimeType } from './mime/lazy/index.ts';
import type { MimeType } from './mime/lazy/mime-type.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export interface BodyMixin {
  readonly body: ReadableStream | null;
  readonly bodyUsed: boolean;
  arrayBuffer(): Promise<ArrayBuffer>;
  blob(): Promise<Blob>;
  bytes(): Promise<Bytes>;
  formData(): Promise<FormData>;
  json(): Promise<unknown>;
  text(): Promise<string>;
}

/** Both throw a TypeError when `self` is not of the interface. */
interface BodyOwner {
  bodyOf: (self: unknown) => Body | null;
  headersOf: (self: unknown) => HeaderList;
}

export function mixInBody(prototype: object, { bodyOf, headersOf }: BodyOwner): void {
  const members = {
    get body(): ReadableStream | null {
      return streamOf(bodyOf(this));
    },
    get bodyUsed(): boolean {
      return isBodyUsed(bodyOf(this));
    },
    arrayBuffer(this: unknown): Promise<ArrayBuffer> {
      return consume(this, (content) => bytesOf(content).buffer);
    },
    blob(this: unknown): Promise<Blob> {
      return consume(this, (content) => blobFromParts([bytesOf(content)], blobType(headersOf(this))));
    },
    bytes(this: unknown): Promise<Bytes> {
      return consume(this, bytesOf);
    },
    formData(this: unknown): Promise<FormData> {
      return consume(this, (content) => parseFormData(content, headersOf(this)));
    },
    json(this: unknown): Promise<unknown> {
      return consume(this, (content): unknown => JSON.parse(textOf(content)));
    },
    text(this: unknown): Promise<string> {
      return consume(this, textOf);
    },
  };

  /** https://fetch.spec.whatwg.org/#concept-body-consume-body */
  function consume<T>(self: unknown, convert: (content: string | Bytes) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = (content: string | Bytes): void => {
        try {
          resolve(convert(content));
        } catch (error) {
          reject(error);
        }
      };
      readBody(bodyOf(self), done, reject);
    });
  }

  Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(members));
  enumerableMembers(prototype, ...Object.keys(members));
}

function blobType(list: HeaderList): string {
  const mimeType = contentType(list);
  return mimeType === null ? '' : serializeMimeType(mimeType);
}

function contentType(list: HeaderList): MimeType | null {
  return extractMimeType(getHeader(list, 'content-type'));
}

function parseFormData(content: string | Bytes, list: HeaderList): FormData {
  const mimeType = contentType(list);
  if (mimeType?.essence === 'multipart/form-data') return parseMultipart(bytesOf(content), mimeType.parameters.get('boundary') ?? '');
  if (mimeType?.essence !== 'application/x-www-form-urlencoded') {
    throw new TypeError('Content-Type is neither multipart/form-data nor application/x-www-form-urlencoded');
  }
  const formData = new FormData();
  const text = typeof content === 'string' ? content : decodeUtf8(content, { ignoreBOM: true });
  // The constructor of URLSearchParams drops a leading question mark, which is data here.
  for (const [name, value] of new URLSearchParams(`?${text}`)) formData.append(name, value);
  return formData;
}
