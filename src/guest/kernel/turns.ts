/**
 * One request's code at a time. What a crossing brings is handed over piece by piece, the next once the promises that wait for the one before have
 * gone on: so what they do next counts for the request whose turn it is, and not for the last one of the crossing. No code can see that the microtasks
 * have come to rest. When a request that nothing keeps waiting is not done after some turns of them, the rest of the crossing waits for an entry of
 * its own, which begins when they have.
 */
import { HandedOver } from '../../protocol/boundary.ts';
import { shareHandedOver } from './current-request.ts';
import { PromiseConstructor, defineProperty, promiseThen } from './primordials.ts';

/** Turns of the microtask queue that a piece gets in any case: one for each `await` between what it brings and the code that acts on it. */
const TURNS_MIN = 32;
/** Turns that it gets when its request awaits what the host does: it most likely does nothing else. */
const TURNS_OF_WAITING = 128;

/** Entries that a crossing asks for at most beside its first: an app may have thousands of requests with a timer that is due. */
const PAUSES_MAX = 64;

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
let isPaused = false;
let pauses = 0;
let progress: TurnProgress = { isOver: () => true, isWaiting: () => false };

/** Of the request whose code runs. */
export interface TurnProgress {
  /** nothing more is to be expected of it */
  isOver(): boolean;
  /** the host is to bring something for it */
  isWaiting(): boolean;
}

export function judgeTurnsBy(judge: TurnProgress): void {
  progress = judge;
}

/** Whether pieces of the crossing are still to come in this entry. */
export function morePieces(): boolean {
  return first !== undefined && !isPaused;
}

/** The microtasks have come to rest: goes on with the pieces that were left. */
export function resumeTurns(): void {
  isPaused = false;
  shareHandedOver(HandedOver.nothing);
  runNext();
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
  if (first === undefined) {
    isOpen = false;
    pauses = 0;
  } else promiseThen(resolved, pass);
}

function pass(): void {
  turns++;
  if (progress.isOver() || turns >= TURNS_OF_WAITING) runNext();
  else if (turns < TURNS_MIN || progress.isWaiting()) promiseThen(resolved, pass);
  else if (pauses === PAUSES_MAX) runNext();
  else pause();
}

function pause(): void {
  isPaused = true;
  pauses++;
  shareHandedOver(HandedOver.part);
}
