/**
 * One request's code at a time. What a crossing brings is handed over piece by piece, the next once the promises that wait for the one before have
 * gone on, as far as can be told: no code can see that the microtasks have come to rest. So what they do next counts for the request whose turn it is,
 * not for the last one of the crossing.
 */
import { PromiseConstructor, defineProperty, promiseThen } from './primordials.ts';

/** Turns of the microtask queue that a piece gets: one for each `await` between what it brings and the code that acts on it. */
const TURNS_MAX = 32;

interface Piece {
  readonly run: () => void;
  next: Piece | undefined;
}

const resolved = PromiseConstructor.resolve();
// as in outbox.ts
void defineProperty(resolved, 'constructor', { value: undefined });
let first: Piece | undefined;
let last: Piece | undefined;
let isOpen = false;
let turns = 0;
let isOver: () => boolean = () => true;

/** `over`: nothing more is to be expected of the request whose code runs. */
export function endTurnsWhen(over: () => boolean): void {
  isOver = over;
}

/** Whether pieces of the crossing are still to come. */
export function morePieces(): boolean {
  return first !== undefined;
}

/** Runs `piece`: at once when nothing waits, else in its turn. It must not throw. */
export function inTurn(run: () => void): void {
  const piece: Piece = { run, next: undefined };
  if (last === undefined) first = piece;
  else last.next = piece;
  last = piece;
  if (!isOpen) runNext();
}

function runNext(): void {
  const piece = first;
  if (piece === undefined) return;
  first = piece.next;
  if (first === undefined) last = undefined;
  isOpen = true;
  piece.run();
  turns = 0;
  // what the last one leaves needs no end
  if (first === undefined) isOpen = false;
  else promiseThen(resolved, pass);
}

function pass(): void {
  if (++turns < TURNS_MAX && !isOver()) promiseThen(resolved, pass);
  else runNext();
}
