import type { ElementHandlers } from './handlers.ts';
import { EndMutations } from './mutations.ts';
import type { StartTag } from './start-tag.ts';

/** An element whose end has not come yet, or the document. */
export class OpenElement {
  readonly parent: OpenElement | undefined;
  readonly tag: StartTag | undefined;
  /** lower-case */
  readonly name: string;
  readonly namespace: string;
  /** from 1 */
  readonly indexInParent: number;
  readonly indexOfType: number;
  /** what is to become of its end tag */
  readonly end = new EndMutations();
  /** what lies between its tags is not to be written */
  isContentRemoved = false;
  /** those that want text or comments in it, by the order of registration */
  content: readonly ElementHandlers[] = [];
  #children = 0;
  #types: Map<string, number> | undefined;

  constructor(parent: OpenElement | undefined, tag: StartTag | undefined, namespace: string) {
    this.parent = parent;
    this.tag = tag;
    this.name = tag?.name ?? '';
    this.namespace = namespace;
    [this.indexInParent, this.indexOfType] = parent === undefined ? [1, 1] : parent.#count(this.name);
  }

  get isRoot(): boolean {
    return this.tag === undefined;
  }

  attribute(name: string): string | null {
    return this.tag?.get(name) ?? null;
  }

  #count(name: string): [number, number] {
    this.#types ??= new Map();
    const ofType = (this.#types.get(name) ?? 0) + 1;
    this.#types.set(name, ofType);
    this.#children++;
    return [this.#children, ofType];
  }
}
