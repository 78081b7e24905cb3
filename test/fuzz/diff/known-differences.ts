/** Where nanos and workerd differ on purpose. The same reasons stand in docs/workers-api.md. */
import { isDeepStrictEqual } from 'node:util';
import { hasOddHeader, isNullBodyStatus } from './odd-parts.ts';
import type { Program, Step } from './programs.ts';

export interface KnownDifference {
  readonly reason: string;
  /** of what was asked, and what both told of one step */
  matches(difference: Difference): boolean;
}

export interface Difference {
  readonly kind: string;
  readonly program: Program;
  readonly step: number;
  readonly nanos: unknown;
  readonly workerd: unknown;
}

/** Where Node does as nanos does, and both hosts threw. */
export const ORDER_OF_FAULTS = 'Of several faults in one call the one is told that its standard checks first';
/** Where Node does as nanos does otherwise. */
export const WORKERD_ALONE = 'What Node does too is taken for the standard';

export const ODD_HEADERS = 'Names and values of headers must be what RFC 9110 allows, and their characters bytes';
export const NULL_BODIES = 'A status that has no body goes with no body, not even an empty one';
export const FORMS = 'multipart/form-data is written and read as the standards say: a file stays a file, names may be anything, what is malformed is an error';

const READINGS = new Set(['text', 'json', 'arrayBuffer', 'bytes', 'blob', 'formData', 'clone']);
const MULTIBYTE = /^(?:shift_jis|gbk|gb18030|big5|euc-kr|euc-jp|iso-2022-jp)$/;

const stepOf = ({ program, step }: Difference): Step => program[step] ?? {};
const parameters = (difference: Difference): Readonly<Record<string, unknown>> => (stepOf(difference).args?.[0] ?? {}) as Record<string, unknown>;
const init = (difference: Difference): Readonly<Record<string, unknown>> => (stepOf(difference).args?.[1] ?? {}) as Record<string, unknown>;
const told = (value: unknown): string | undefined => (value as { thrown?: string } | undefined)?.thrown;
const isReading = ({ call }: Step): boolean => call !== undefined && READINGS.has(call);
const isMade = (difference: Difference, name: string): boolean => stepOf(difference).make === name || stepOf(difference).call?.startsWith(`${name}.`) === true;
const isMissing = (value: unknown): boolean => value === null || JSON.stringify(value) === '{"$":"undefined"}';

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  { reason: ODD_HEADERS, matches: (difference) => told(difference.nanos) !== undefined && hasOddHeader(stepOf(difference)) },
  {
    reason: NULL_BODIES,
    matches: (difference) => isMade(difference, 'Response') && told(difference.nanos) === 'TypeError' && told(difference.workerd) === undefined && isNullBodyStatus(init(difference)['status']),
  },
  {
    reason: 'formData() reads the body to its end before it looks at the type, as the Fetch Standard says: a failed call has used the body',
    matches: ({ program, step }) => program.slice(0, step + 1).some(({ call }) => call === 'formData') && (isReading(program[step]!) || program[step]!.get === 'bodyUsed'),
  },
  {
    reason: FORMS,
    matches: ({ kind, program }) => kind === 'form-data' || kind === 'multipart-body' || (JSON.stringify(program[0]).includes('"$":"form"') && (kind === 'request' || kind === 'response')),
  },
  { reason: '`endings` of a Blob or File is known and checked', matches: (difference) => (isMade(difference, 'Blob') || isMade(difference, 'File')) && told(difference.workerd) === 'Error' },
  { reason: 'A File must be given its parts', matches: (difference) => isMade(difference, 'File') && told(difference.nanos) === 'TypeError' && isMissing(stepOf(difference).args?.[0]) },
  { reason: 'AbortSignal.timeout refuses what is no number of milliseconds', matches: (difference) => stepOf(difference).call === 'AbortSignal.timeout' && told(difference.nanos) === 'TypeError' },
  {
    reason: 'Methods are as in the Fetch Standard: TRACE, TRACK and CONNECT are refused, and `patch` is not made upper case',
    matches: (difference) => isMade(difference, 'Request') && /^(?:trace|track|connect|patch)$/i.test(String(init(difference)['method'])),
  },
  { reason: 'A Request may have `redirect: "error"`', matches: (difference) => isMade(difference, 'Request') && told(difference.nanos) === undefined && init(difference)['redirect'] === 'error' },
  {
    reason: 'URLPattern gives back its inputs as they were given',
    matches: (difference) => stepOf(difference).call === 'exec' && isDeepStrictEqual(withoutInputs(difference.nanos), withoutInputs(difference.workerd)),
  },
  { reason: 'URLPattern does not match text that is no URL', matches: (difference) => difference.kind === 'url-pattern' && stepOf(difference).call === 'test' && difference.nanos === 'boolean false' },
  { reason: 'null is an empty bag of options', matches: (difference) => isMade(difference, 'TextDecoder') && told(difference.workerd) === 'TypeError' && stepOf(difference).args?.[1] === null },
  {
    reason: 'Encodings of several bytes a character are decoded as the Encoding Standard says',
    matches: ({ kind, program, nanos }) => kind === 'text-decoder' && MULTIBYTE.test(String(program[0]?.args?.[0])) && told(nanos) === undefined,
  },
  {
    reason: 'Key data of the wrong kind is told after what is wrong with the algorithm, as the standard has it',
    matches: (difference) => stepOf(difference).call === 'crypto.subtle.importKey' && told(difference.nanos)?.startsWith('DOMException') === true && told(difference.workerd) === 'TypeError',
  },
  {
    reason: 'Bytes that are no UTF-8 are replaced when URLSearchParams parses them',
    matches: ({ kind, nanos }) => kind.startsWith('url') && JSON.stringify(nanos).includes('%EF%BF%BD'),
  },
  { reason: 'A stream is cancelled when both branches of its tee() are', matches: ({ kind }) => kind === 'stream-tee' },
  { reason: 'A stream that fails in `for await` is not left locked', matches: ({ kind }) => kind === 'stream-iteration' },
  { reason: 'How far a pipe has read ahead when something ends it is each host’s own', matches: isReadAhead },
  { reason: 'addEventListener takes `capture`', matches: (difference) => difference.kind === 'event-dispatch' && JSON.stringify(parameters(difference)).includes('"capture":true') },
  {
    reason: 'preventDefault has an effect on cancelable events only',
    matches: (difference) => difference.kind === 'event-dispatch' && JSON.stringify(parameters(difference)).includes('"prevent"') && !JSON.stringify(parameters(difference)).includes('"cancelable":true'),
  },
  {
    reason: 'Of elements that one end tag closes, each gets what was put at its end; in workerd the last one does',
    matches: (difference) => difference.kind === 'html-rewriter' && isDeepStrictEqual(secondPart(difference.nanos), secondPart(difference.workerd)) && /"act":"(?:append|after|setInnerContent|end)"/.test(JSON.stringify(parameters(difference))),
  },
  { reason: 'A selector may name an element that begins with a digit: it matches nothing', matches: ({ kind, nanos, workerd }) => kind === 'html-rewriter-selector' && nanos === 'boolean true' && (workerd as { text?: string }).text === 'TypeError' },
];

function withoutInputs(told: unknown): unknown {
  const { Object: parts } = told as { Object?: { inputs?: unknown } };
  return parts === undefined ? told : { ...parts, inputs: undefined };
}

/** The source's side of a transform, or a sink that fails while more is read. */
function isReadAhead(difference: Difference): boolean {
  if (difference.kind === 'stream-pipe') return parameters(difference)['failAt'] !== 0;
  return difference.kind === 'stream-transform' && isDeepStrictEqual(beforeCancel(difference.nanos), beforeCancel(difference.workerd));
}

/** What a reader saw until it cancelled. */
function beforeCancel(told: unknown): readonly string[] {
  const { Array: reader } = (secondPart(told) ?? {}) as { Array?: Record<string, unknown> };
  return Object.values(reader ?? {}).map((event) => JSON.stringify(event)).filter((event) => !event.includes('{"text":"cancel"}'));
}

/** The second of what a scenario tells. */
function secondPart(told: unknown): unknown {
  return (told as { Array?: { 1?: unknown } }).Array?.[1];
}
