import { z } from 'zod';
import type { ModelToolCall } from '../../protocol/model.ts';
import { JsonStringReader } from './json-string-reader.ts';
import type { ToolEnvelope } from './tool-envelope.ts';

const callSchema = z.object({ tool: z.string(), args: z.json() });

/** Turns what a model writes into text and calls, as it comes. */
export interface ReplyReader {
  /** The text that a user may see by now. */
  push(piece: string): string;
  /** What the reply was, once no more comes; a reply that was cut off has no call. */
  end(): ModelToolCall | undefined;
}

/** A reply that is text and nothing else. */
export const PLAIN_REPLY: ReplyReader = { push: (piece) => piece, end: () => undefined };

/** A reply in an envelope: a call, or text in one of its strings. */
export class EnvelopeReply implements ReplyReader {
  readonly #envelope: ToolEnvelope;
  readonly #newCallId: () => string;
  #written = '';
  #text: JsonStringReader | undefined;

  constructor(envelope: ToolEnvelope, newCallId: () => string) {
    this.#envelope = envelope;
    this.#newCallId = newCallId;
  }

  push(piece: string): string {
    if (this.#text !== undefined) return this.#text.push(piece);
    this.#written += piece;
    const opening = this.#envelope.textOpening?.exec(this.#written)?.[0];
    if (opening === undefined) return '';
    this.#text = new JsonStringReader();
    return this.#text.push(this.#written.slice(opening.length));
  }

  end(): ModelToolCall | undefined {
    if (this.#text !== undefined) return undefined;
    const call = parseCall(this.#written);
    return call === undefined ? undefined : { id: this.#newCallId(), name: call.tool, arguments: call.args };
  }
}

function parseCall(text: string): z.infer<typeof callSchema> | undefined {
  try {
    return callSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
