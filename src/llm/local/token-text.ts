import type { LlamaModel, Token } from './llama-api.ts';

const REPLACEMENT = '\uFFFD';
/** A character takes at most four tokens; what is longer is no character. */
const HELD_MAX = 8;
/** A SentencePiece vocabulary writes a space by what came before; with others that would only cost time. */
const LAST_TOKENS = 8;

/** The text of tokens as they come. A token that holds part of a character waits for the rest. */
export class TokenText {
  readonly #model: LlamaModel;
  readonly #lastMax: number;
  #last: Token[];
  #held: Token[] = [];

  /** @param before what the tokens go on from */
  constructor(model: LlamaModel, before: readonly Token[]) {
    this.#model = model;
    this.#lastMax = model.vocabularyType === 'spm' ? LAST_TOKENS : 0;
    this.#last = before.slice(before.length - this.#lastMax);
  }

  push(token: Token): string {
    this.#held.push(token);
    const text = this.#model.detokenize(this.#held, false, this.#last);
    if (text.endsWith(REPLACEMENT) && this.#held.length < HELD_MAX) return '';
    if (this.#lastMax > 0) this.#last = [...this.#last, ...this.#held].slice(-this.#lastMax);
    this.#held = [];
    return text;
  }
}
