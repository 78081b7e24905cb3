/** What handlers want written around a token or in place of it. */

/** Text in the document's coding, a byte for each unit; or a stream of such bytes, or of text that is still to be escaped. */
export type Content = string | { readonly stream: AsyncIterable<Uint8Array>; readonly isHtml: boolean };

export class Mutations {
  before: Content[] = [];
  replacement: Content[] = [];
  after: Content[] = [];
  isRemoved = false;

  get isUntouched(): boolean {
    return !this.isRemoved && this.before.length === 0 && this.after.length === 0;
  }

  replace(content: Content): void {
    this.replacement = [content];
    this.isRemoved = true;
  }

  remove(): void {
    this.replacement = [];
    this.isRemoved = true;
  }
}

export class EndMutations extends Mutations {
  name: string | undefined;
  handler: ((tag: object) => unknown) | undefined;
}
