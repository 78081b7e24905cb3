/** What in a case is outside the grammar of HTTP. */
import type { Step } from './programs.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const OF_NAME = new Set(['append', 'set', 'get', 'has', 'delete']);

export function isNullBodyStatus(status: unknown): boolean {
  return [101, 103, 204, 205, 304].includes(Number(status));
}

/** Of a call on Headers, and of the headers in what a Request or Response is made of. */
export function hasOddHeader({ make, call, scenario, args = [] }: Step): boolean {
  if (make === 'Headers') return isOddInit(args[0]);
  if (scenario === 'walked') return isOddWalk(args[0]);
  if (make === 'Request' || make === 'Response' || call === 'Response.json') return isOddInit((args[1] as { headers?: unknown } | null | undefined)?.headers);
  return call !== undefined && OF_NAME.has(call) && isOddHeader(args);
}

function isOddWalk(parameters: unknown): boolean {
  const { changes = [], name } = parameters as { changes?: { args: unknown[] }[]; name: string };
  return name === 'Headers' && changes.some(({ args }) => isOddHeader(args));
}

/** Of a HeadersInit as it is written in a program. */
export function isOddInit(init: unknown): boolean {
  if (Array.isArray(init)) return init.some((pair) => !Array.isArray(pair) || isOddHeader(pair));
  return typeof init === 'object' && init !== null && Object.entries(init).some(isOddHeader);
}

function isOddHeader([name, value]: readonly unknown[]): boolean {
  return !TOKEN.test(String(name)) || [...String(value)].some((character) => character > 'ÿ' || '\0\r\n'.includes(character));
}
