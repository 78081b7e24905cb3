/**
 * The source text of the API's lazy parts (apps/build/lazy-parts.ts). It is in no snapshot: the host hands it over at attach, as one string whose
 * characters lie in memory that all isolates of a process share, and a part is compiled from its stretch of it when it is first called.
 */
import { Unpacker } from '../../protocol/boundary.ts';
import { reflectApply } from './primordials.ts';

type Part = Readonly<Record<string, (...values: never[]) => unknown>>;
type OpenPart = (...imports: unknown[]) => Part;

/** Captured before apps lose it (code-generation.ts). Only the host's own text may get here: whoever can pass it another has `eval`. */
const { eval: compile } = globalThis as unknown as { eval: (text: string) => OpenPart };

let texts = '';
let isGiven = false;
let isForSnapshot = false;

/** Host only. `packed`: messages of two fields each, a part's name and its text (protocol/boundary.ts). */
export function givePartTexts(packed: string): void {
  texts = packed;
  isGiven = true;
  isForSnapshot = false;
}

/**
 * For a snapshot with an app of its own in it, whose top level runs where nobody attaches: the first call brings the texts, before the app; any
 * later one takes them away again, so that they are not in the snapshot.
 */
export function givePartTextsForSnapshot(packed: string): void {
  givePartTexts(isGiven ? '' : packed);
  isForSnapshot = true;
}

/**
 * The part's exports, evaluated with what it imports.
 * @public called where a part was taken out of the script
 */
export function openPart(name: string, ...imports: unknown[]): Part {
  return reflectApply<undefined, unknown[], Part>(compile(textOf(name)), undefined, imports);
}

function textOf(name: string): string {
  const unpacker = new Unpacker(texts === '' ? '|' : texts);
  while (unpacker.next() !== 0) {
    if (unpacker.field() !== name) continue;
    // a slice keeps all texts alive: what is shared anyway, but not what would go into a snapshot
    return isForSnapshot ? ` ${unpacker.field()}` : unpacker.field();
  }
  throw new Error('This part of the API has no source here');
}

/**
 * Calls an export of a part.
 * @public called where a part was taken out of the script
 */
export const callPart = reflectApply;
