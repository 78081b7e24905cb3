/** https://html.spec.whatwg.org/#multipart-form-data: the multipart/form-data encoding algorithm */
import { concatBytes } from '../../concat-bytes.ts';
import { encodeUtf8 } from '../../encoding/index.ts';
import { blobParts } from '../../file-api/index.ts';
import type { FormDataValue } from '../form-data.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** `entries`: name, value, name, value, …; `boundary` must not occur in any value. */
export function serializeMultipart(entries: readonly FormDataValue[], boundary: string): Bytes {
  const chunks: Bytes[] = [];
  let text = '';
  for (let at = 0; at < entries.length; at += 2) {
    const value = entries[at + 1] as FormDataValue;
    text += `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(normalizeNewlines(entries[at] as string))}"`;
    if (typeof value === 'string') {
      text += `\r\n\r\n${normalizeNewlines(value)}\r\n`;
      continue;
    }
    text += `; filename="${escapeName(value.name)}"\r\nContent-Type: ${value.type === '' ? 'application/octet-stream' : value.type}\r\n\r\n`;
    chunks.push(encodeUtf8(text), ...blobParts(value));
    text = '\r\n';
  }
  chunks.push(encodeUtf8(`${text}--${boundary}--\r\n`));
  return concatBytes(chunks);
}

function normalizeNewlines(text: string): string {
  return text.replace(/\r\n?|\n/g, '\r\n');
}

function escapeName(name: string): string {
  return name.replace(/[\r\n"]/g, (character) => (character === '"' ? '%22' : character === '\r' ? '%0D' : '%0A'));
}
