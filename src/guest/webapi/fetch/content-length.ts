import { knownLength } from '../streams/index.ts';
import type { Body } from './body.ts';
import { OUTGOING_BYTES_MAX } from './body.ts';
import type { HeaderList } from './header-list.ts';
import { findHeader } from './header-list.ts';

/** The list with the length of a body that crosses in pieces although its length is known. */
export function withContentLength(list: HeaderList, body: Body | null): HeaderList {
  if (body === null) return list;
  const length = lengthInPieces(body);
  if (length === undefined || findHeader(list, 'content-length') >= 0) return list;
  return list.concat('content-length', `${length}`);
}

function lengthInPieces({ source, stream }: Body): number | undefined {
  if (ArrayBuffer.isView(source)) return source.byteLength > OUTGOING_BYTES_MAX ? source.byteLength : undefined;
  return stream === null ? undefined : knownLength(stream);
}
