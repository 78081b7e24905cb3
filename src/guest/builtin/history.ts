import type { llm } from '../agent/index.ts';

/** Of one tool result, before a model's context asks for less. */
const RESULT_CHARACTERS_MAX = 16_000;
const RESULT_CHARACTERS_MIN = 250;
/** Of all results together. */
const HISTORY_CHARACTERS_MAX = 200_000;
/** Rounds of call and result that a model is shown at most: the last ones. */
const ROUNDS_MAX = 100;

interface Round {
  readonly calls: readonly llm.ToolCall[];
  readonly content: string;
  readonly results: readonly string[];
}

/** What the model is told: the goal, and what was called and came of it. It shrinks to what the model's context holds. */
export class History {
  readonly #goal: string;
  #rounds: Round[] = [];
  #resultCharactersMax = RESULT_CHARACTERS_MAX;

  constructor(goal: string) {
    this.#goal = goal;
  }

  add(round: Round): void {
    this.#rounds.push(round);
    if (this.#rounds.length > ROUNDS_MAX) this.#rounds.shift();
  }

  get messages(): llm.ChatMessage[] {
    let room = HISTORY_CHARACTERS_MAX;
    const rounds = this.#rounds.toReversed().map(({ calls, content, results }) => {
      const shown = results.map((result) => shorten(result, Math.max(RESULT_CHARACTERS_MIN, Math.min(this.#resultCharactersMax, room))));
      room -= shown.reduce((sum, { length }) => sum + length, 0);
      const answers = calls.map(({ id }, index): llm.ChatMessage => ({ role: 'tool', content: shown[index] ?? '', toolCallId: id }));
      return [{ role: 'assistant', content, toolCalls: calls } as const, ...answers];
    });
    return [{ role: 'user', content: this.#goal }, ...rounds.toReversed().flat()];
  }

  /** Takes less room from now on: shorter results, then fewer rounds. False when there is nothing left to leave out. */
  shrink(): boolean {
    const longest = Math.max(0, ...this.#rounds.flatMap(({ results }) => results.map(({ length }) => length)));
    const next = Math.floor(Math.min(this.#resultCharactersMax, longest) / 2);
    if (next >= RESULT_CHARACTERS_MIN) {
      this.#resultCharactersMax = next;
      return true;
    }
    if (this.#rounds.length <= 1) return false;
    this.#rounds = this.#rounds.slice(Math.ceil(this.#rounds.length / 2));
    return true;
  }
}

/** Beginning and end, with a note of what is left out between. */
function shorten(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const note = `\n[${text.length - charactersMax} characters left out]\n`;
  const end = Math.floor(charactersMax / 4);
  return (text.slice(0, charactersMax - end) + note + text.slice(text.length - end)).toWellFormed();
}
