/** Which files an agent may read or write. Pure: paths and globs in, verdict out; what a path leads to is found out in agents/files. */
import { AGENT_LIMITS } from '../protocol/agent-limits.ts';
import { matchesBelow, matchesGlob, parseGlob } from './agent-globs.ts';
import type { Glob } from './agent-globs.ts';

/** A manifest's list of globs; those that begin with `!` take away from the others, wherever they stand, hidden names too, and with a folder everything in it. */
export interface FileRules {
  /** where the list stands, for messages: `permissions.fs_read` */
  readonly key: string;
  readonly allow: readonly Glob[];
  readonly except: readonly Glob[];
}

export type FileVerdict = { readonly allowed: true } | { readonly allowed: false; readonly rule: string };

export type RequestedPath =
  /** names between slashes; '' is the manifest's folder. `isFolder`: a slash at its end says so */
  { readonly valid: true; readonly path: string; readonly isFolder: boolean } | { readonly valid: false; readonly rule: string };

const YES: FileVerdict = { allowed: true };
const RULE_CHARACTERS_MAX = 200;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Throws a SyntaxError like parseGlob. */
export function parseFileRules(key: string, globs: readonly string[]): FileRules {
  const [except, allow] = [globs.filter((glob) => glob.startsWith('!')), globs.filter((glob) => !glob.startsWith('!'))];
  return { key, allow: allow.map((glob) => parseGlob(glob)), except: except.map((glob) => parseGlob(glob.slice(1), { hidden: true })) };
}

/** A path as an agent gives it, in one spelling. `..` is refused: where it leads depends on links, so no rule could be held against it. */
export function requestedPath(path: string): RequestedPath {
  const rule = ruleAgainst(path);
  if (rule !== undefined) return { valid: false, rule };
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  return { valid: true, path: names.join('/'), isFolder: names.length === 0 || /\/\.?$/.test(path) };
}

function ruleAgainst(path: string): string | undefined {
  if (LONE_SURROGATE.test(path)) return 'paths are valid Unicode';
  if (path.includes('\0')) return 'paths contain no NUL';
  if (path.includes('\\')) return 'folders are separated by /, not by a backslash';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return "paths are relative to the manifest's folder";
  const names = path.split('/');
  if (names.includes('..')) return 'paths contain no ..';
  if (names.length > AGENT_LIMITS.pathSegmentsMax || Buffer.byteLength(path) > AGENT_LIMITS.pathBytesMax) {
    return `paths have at most ${AGENT_LIMITS.pathBytesMax} bytes and ${AGENT_LIMITS.pathSegmentsMax} folders`;
  }
  return undefined;
}

/** `path` as requestedPath gives it, or as it is found on the disk. */
export function fileAllowed(rules: FileRules, path: string): FileVerdict {
  const against = exceptionFor(rules, path);
  if (against !== undefined) return { allowed: false, rule: `${rules.key}: !${against.text}` };
  return rules.allow.some((glob) => matchesGlob(glob, path)) ? YES : { allowed: false, rule: describe(rules) };
}

/** Whether a folder may be seen: it is allowed itself, or something below it may be. */
export function folderAllowed(rules: FileRules, path: string): FileVerdict {
  const verdict = fileAllowed(rules, path);
  if (verdict.allowed || exceptionFor(rules, path) !== undefined) return verdict;
  return rules.allow.some((glob) => matchesBelow(glob, path)) ? YES : verdict;
}

function exceptionFor({ except }: FileRules, path: string): Glob | undefined {
  if (except.length === 0) return undefined;
  const names = path.split('/');
  const wayDown = names.map((_, index) => names.slice(0, index + 1).join('/'));
  return except.find((glob) => wayDown.some((folder) => matchesGlob(glob, folder)));
}

function describe({ key, allow }: FileRules): string {
  if (allow.length === 0) return `${key} grants nothing`;
  const list = allow.map((glob) => glob.text).join(', ');
  return `${key}: ${list.length > RULE_CHARACTERS_MAX ? `${list.slice(0, RULE_CHARACTERS_MAX)}…` : list}`;
}
