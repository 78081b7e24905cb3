import type { Json } from '../../protocol/app.ts';
import type { ModelToolCall } from '../../protocol/model.ts';

export interface ToolCallPart {
  readonly id?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly arguments?: string | null | undefined;
}

/** Tool calls that arrive in pieces: the name first, then the text of their arguments. */
export class ToolCallParts {
  readonly #calls = new Map<number, { id: string; name: string; text: string }>();

  add(index: number, { id, name, arguments: text }: ToolCallPart): void {
    const call = this.#calls.get(index) ?? { id: '', name: '', text: '' };
    this.#calls.set(index, { id: call.id === '' ? (id ?? '') : call.id, name: call.name + (name ?? ''), text: call.text + (text ?? '') });
  }

  /** In their order. Arguments that are no JSON stay the text that they are, for whoever checks them. */
  all(): ModelToolCall[] {
    return [...this.#calls].toSorted(([a], [b]) => a - b).map(([index, { id, name, text }]) => ({ id: id === '' ? `call_${index}` : id, name, arguments: parsed(text) }));
  }
}

function parsed(text: string): Json {
  if (text.trim() === '') return {};
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}
