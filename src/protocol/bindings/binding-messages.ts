/** What a cell and the supervisor say to each other about calls of bindings. Both ends are ours: not validated. */
import type { ErrorData } from '../errors.ts';
import type { BindingTask } from './binding-kinds.ts';

/** `id` is counted by the cell. */
export type BindingAsk =
  | { readonly type: 'binding'; readonly kind: 'start'; readonly id: number; readonly app: string; readonly binding: string; readonly task: BindingTask }
  /** the next chunk is wanted */
  | { readonly type: 'binding'; readonly kind: 'more'; readonly id: number }
  /** nobody wants it any more */
  | { readonly type: 'binding'; readonly kind: 'stop'; readonly id: number };

export type BindingAnswer =
  /** the last word */
  | { readonly type: 'binding'; readonly kind: 'value'; readonly id: number; readonly value: unknown }
  /** chunks follow, one each time that the cell asks for more */
  | { readonly type: 'binding'; readonly kind: 'open'; readonly id: number }
  | { readonly type: 'binding'; readonly kind: 'chunk'; readonly id: number; readonly chunk: unknown }
  /** the last word */
  | { readonly type: 'binding'; readonly kind: 'end'; readonly id: number }
  /** the last word */
  | { readonly type: 'binding'; readonly kind: 'failed'; readonly id: number; readonly error: ErrorData };
