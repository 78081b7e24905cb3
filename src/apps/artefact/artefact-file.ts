/**
 * The bytes of an artefact: magic · header length (uint32, little-endian) · JSON header · sections, one after the other · SHA-256 of all of it.
 * Deciding code only; see load-artefact.ts and artefact-store.ts for the files.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { NanosError } from '../../protocol/errors.ts';
import type { Road } from '../../protocol/app.ts';

/** Rises whenever an artefact of the release before can't be used. */
export const ARTEFACT_FORMAT = 1;

/** Of what cells read: the group is theirs where they run as a user of their own, in a folder that nobody else may enter. */
export const ARTEFACT_MODE = 0o640;

export interface ArtefactContent {
  readonly road: Road;
  /** the script's top level awaits: its outcome is known only after `TOP_LEVEL_CHECK` (apps/build/app-script.ts) ran as a second script */
  readonly awaits: boolean;
  readonly handlers: readonly string[];
  /** the app's script, file name `APP_FILENAME`; empty with a snapshot, where it has run already */
  readonly script: string;
  /** V8's code cache of `script` */
  readonly codeCache: Uint8Array | undefined;
  /** road 'snapshot': an isolate's heap with API and app in it */
  readonly snapshot: Uint8Array | undefined;
  /** imported modules, by index */
  readonly wasm: readonly Uint8Array[];
}

const MAGIC = Buffer.from('nanosapp', 'latin1');
const LENGTH_BYTES = 4;
export const DIGEST_BYTES = 32;
const HEADER_BYTES_MAX = 1024 * 1024;

const headerSchema = z.strictObject({
  format: z.literal(ARTEFACT_FORMAT),
  road: z.enum(['snapshot', 'script']),
  awaits: z.boolean(),
  handlers: z.array(z.string()),
  sections: z.array(z.strictObject({ name: z.enum(['script', 'codeCache', 'snapshot', 'wasm']), bytes: z.number().int().nonnegative() })),
});

type Header = z.infer<typeof headerSchema>;

export interface EncodedArtefact {
  readonly bytes: Buffer;
  /** hex, over everything but itself */
  readonly sha256: string;
}

export function encodeArtefact(content: ArtefactContent): EncodedArtefact {
  const parts: { name: Header['sections'][number]['name']; data: Uint8Array }[] = [{ name: 'script', data: Buffer.from(content.script, 'utf8') }];
  if (content.codeCache !== undefined) parts.push({ name: 'codeCache', data: content.codeCache });
  if (content.snapshot !== undefined) parts.push({ name: 'snapshot', data: content.snapshot });
  for (const data of content.wasm) parts.push({ name: 'wasm', data });
  const { road, awaits, handlers } = content;
  const sections = parts.map(({ name, data }) => ({ name, bytes: data.length }));
  const header = Buffer.from(JSON.stringify({ format: ARTEFACT_FORMAT, road, awaits, handlers: [...handlers], sections } satisfies Header), 'utf8');
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(header.length);
  const body = Buffer.concat([MAGIC, length, header, ...parts.map(({ data }) => data)]);
  const digest = digestOf(body);
  return { bytes: Buffer.concat([body, digest]), sha256: digest.toString('hex') };
}

/** Throws artefact_corrupt unless the SHA-256 of `bytes` is `sha256` (hex; undefined: what `bytes` itself ends with). */
export function decodeArtefact(bytes: Buffer, sha256: string | undefined): ArtefactContent {
  if (bytes.length < MAGIC.length + LENGTH_BYTES + DIGEST_BYTES) throw corrupt('is too short');
  const body = bytes.subarray(0, -DIGEST_BYTES);
  const digest = digestOf(body);
  if (!digest.equals(bytes.subarray(-DIGEST_BYTES))) throw corrupt('does not match its hash');
  if (sha256 !== undefined && digest.toString('hex') !== sha256) throw corrupt('is not the one that was built');
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw corrupt('is no artefact');
  const headerStart = MAGIC.length + LENGTH_BYTES;
  const headerEnd = headerStart + body.readUInt32LE(MAGIC.length);
  const header = decodeHeader(body.subarray(headerStart, Math.min(headerEnd, headerStart + HEADER_BYTES_MAX)));
  return content(header, body.subarray(headerEnd));
}

function decodeHeader(bytes: Buffer): Header {
  try {
    return headerSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    throw corrupt('has a header of another release', error);
  }
}

function content({ road, awaits, handlers, sections }: Header, data: Buffer): ArtefactContent {
  const named = new Map<string, Uint8Array>();
  const wasm: Uint8Array[] = [];
  let at = 0;
  for (const { name, bytes } of sections) {
    const section = plainView(data.subarray(at, (at += bytes)));
    if (name === 'wasm') wasm.push(section);
    else named.set(name, section);
  }
  if (at !== data.length) throw corrupt('has sections of another length than its header says');
  const script = Buffer.from(named.get('script') ?? []).toString('utf8');
  return { road, awaits, handlers, script, codeCache: named.get('codeCache'), snapshot: named.get('snapshot'), wasm };
}

/** No Buffer: `slice()` of one would not copy, and its `buffer` is the whole file. */
function plainView({ buffer, byteOffset, length }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

function digestOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function corrupt(what: string, cause?: unknown): NanosError {
  return new NanosError('artefact_corrupt', `The artefact ${what}: it has to be built again`, { cause });
}
