/** Crockford's base 32 in lower case: digits sort before letters. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_DIGITS = 10;
const COUNTER_DIGITS = 4;
const COUNTER_MAX = 32 ** COUNTER_DIGITS - 1;

/**
 * Ids of 22 characters [0-9a-z]: time in ms (10), a counter within that ms (4), the process (8). They sort by the time of their making,
 * within a process strictly, also when the clock goes back.
 *
 * `processId`: 5 bytes, random, or whatever else tells the processes of one host apart.
 */
export function createRequestIds(nowMs: () => number, processId: Uint8Array): () => string {
  const processPart = encodeBytes(processId);
  let timeMs = -1;
  let timePart = '';
  let counter = 0;

  function startMs(value: number): void {
    timeMs = value;
    timePart = encode(value, TIME_DIGITS);
    counter = 0;
  }

  return () => {
    const now = Math.floor(nowMs());
    if (now > timeMs) startMs(now);
    else if (counter === COUNTER_MAX) startMs(timeMs + 1);
    else counter++;
    return timePart + encode(counter, COUNTER_DIGITS) + processPart;
  };
}

function encode(value: number, digits: number): string {
  let text = '';
  for (let rest = value, i = 0; i < digits; i++, rest = Math.floor(rest / 32)) text = (DIGITS[rest % 32] ?? '0') + text;
  return text;
}

/** 5 bytes are 40 bits are 8 digits. */
function encodeBytes(bytes: Uint8Array): string {
  let value = 0;
  for (let i = 0; i < 5; i++) value = value * 256 + (bytes[i] ?? 0);
  return encode(value, 8);
}
