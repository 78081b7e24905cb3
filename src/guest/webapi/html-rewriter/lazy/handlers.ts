/** What a program registered, in its order. */
import type { Matcher } from './selector.ts';

export type Handler = (token: object) => unknown;

export interface ElementHandlers {
  readonly order: number;
  readonly matches: Matcher;
  readonly element: Handler | undefined;
  readonly comments: Handler | undefined;
  readonly text: Handler | undefined;
}

export interface DocumentHandlers {
  readonly order: number;
  readonly doctype: Handler | undefined;
  readonly comments: Handler | undefined;
  readonly text: Handler | undefined;
  readonly end: Handler | undefined;
}
