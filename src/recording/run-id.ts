import { randomBytes } from 'node:crypto';
import { createRequestIds } from '../util/request-id.ts';

const TIME_DIGITS = 10;
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';

/** 22 digits in Crockford's base 32. Nothing else is ever made part of a path. */
export const RUN_ID_PATTERN = /^[0-9a-hjkmnp-tv-z]{22}$/u;

let nextId: (() => string) | undefined;

/** A new id of a run: unique, and in the order of time. What is random in it is drawn at the first one, not at load: processes may begin with this loaded. */
export function createRunId(): string {
  nextId ??= createRequestIds(Date.now, randomBytes(5));
  return nextId();
}

/** When a run with this id was started, in ms since the epoch. */
export function runStartedMs(id: string): number {
  let ms = 0;
  for (const digit of id.slice(0, TIME_DIGITS)) ms = ms * DIGITS.length + DIGITS.indexOf(digit);
  return ms;
}
