import { z } from 'zod';
import { NanosError } from '../errors.ts';
import { quoted } from './config-document.ts';
import type { ConfigDocument, Path, Position } from './config-document.ts';
import { nearestKey } from './nearest-key.ts';

type Issue = z.core.$ZodIssue;

interface Problem {
  readonly message: string;
  readonly position: Position;
}

/** What the schema makes of the document. Otherwise `config_invalid` with the first problem in the file, its line and its column. */
export function checkDocument<T>(schema: z.ZodType<T>, document: ConfigDocument): T {
  const result = schema.safeParse(document.data);
  if (result.success) return result.data;
  const problems = causes(result.error.issues).map((issue) => describe(schema, document, innermost(issue)));
  const [first] = problems.toSorted((a, b) => a.position.line - b.position.line || a.position.column - b.position.column);
  throw new NanosError('config_invalid', first?.message ?? 'The configuration is not valid', { position: first?.position });
}

/** What a mapping as a whole lacks may be there under a misspelt key: then the key is the problem. */
function causes(issues: readonly Issue[]): readonly Issue[] {
  const misspelt = issues.filter((issue) => issue.code === 'unrecognized_keys');
  return issues.filter((issue) => issue.code !== 'custom' || !misspelt.some(({ path }) => issue.path.every((step, index) => step === path[index])));
}

function describe(schema: z.ZodType, document: ConfigDocument, issue: Issue): Problem {
  const path = pathOf(issue);
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    return { message: unknownKey(key, path, validKeys(schema, path)), position: document.locate([...path, key], 'key') };
  }
  if (issue.code === 'invalid_key') {
    return { message: sentence(path, issue.issues[0]?.message ?? 'is not a valid key'), position: document.locate(path, 'key') };
  }
  return { message: sentence(path, rule(issue, valueAt(document, path))), position: document.locate(path, 'value') };
}

function unknownKey(key: string, path: Path, valid: readonly string[]): string {
  const nearest = nearestKey(key, valid);
  const hint = nearest === undefined ? `valid here: ${valid.join(', ')}` : `did you mean ${quoted(nearest)}?`;
  return `Unknown key ${quoted(key)}${path.length === 0 ? '' : ` in ${dotted(path)}`}; ${hint}`;
}

function sentence(path: Path, message: string): string {
  return `${path.length === 0 ? 'The file' : dotted(path)} ${message}`;
}

/** What the value must be, as the rest of a sentence that begins with its path. */
function rule(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return value === undefined ? 'is missing' : `must be ${NAMES[issue.expected] ?? issue.expected}, not ${nameOf(value)}`;
    case 'invalid_union':
      // of a union by a key: its own word
      return issue.errors.length === 0 ? issue.message : `must be ${expectations(issue).join(' or ')}, not ${nameOf(value)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return issue.origin === 'string' ? issue.message : `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function nameOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return String(value);
  return NAMES[typeof value] ?? typeof value;
}

function expectations(issue: z.core.$ZodIssueInvalidUnion): string[] {
  const found = issue.errors.flat().map((inner) => (inner.code === 'invalid_type' ? (NAMES[inner.expected] ?? inner.expected) : inner.message));
  return [...new Set(found)];
}

/** Inside a union, the problem of the branch that got furthest into the value says most. */
function innermost(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const deepest = issue.errors.flat().toSorted((a, b) => b.path.length - a.path.length)[0];
  if (deepest === undefined || deepest.path.length === 0) return issue;
  return innermost({ ...deepest, path: [...issue.path, ...deepest.path] });
}

function pathOf(issue: Issue): Path {
  return issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
}

function dotted(path: Path): string {
  const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step.slice(0, 100)}`));
  return steps.join('').replace(/^\./, '');
}

function valueAt(document: ConfigDocument, path: Path): unknown {
  let value: unknown = document.data;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

function validKeys(schema: unknown, path: Path): string[] {
  let current = unwrap(schema);
  for (const step of path) current = unwrap(childOf(current, step));
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

function childOf(schema: unknown, step: string | number): unknown {
  if (schema instanceof z.ZodObject) return Reflect.get(schema.shape, step);
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return undefined;
}

/** The schema of what is written, beneath optionality and transformations. */
function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  if (schema instanceof z.ZodDiscriminatedUnion) return z.object(Object.assign({}, ...schema.options.map(unwrap).map((option) => (option instanceof z.ZodObject ? option.shape : {}))));
  if (schema instanceof z.ZodUnion) return schema.options.map(unwrap).find((option) => option instanceof z.ZodObject || option instanceof z.ZodArray);
  return schema;
}
