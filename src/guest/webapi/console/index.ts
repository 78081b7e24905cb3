/** https://console.spec.whatwg.org/. A namespace object whose output is the app's log. */
import { nowMs } from '../../kernel/clock.ts';
import { host, type LogLevel } from '../../kernel/host-calls.ts';
import { defineGlobal, toDOMString, toSequence } from '../webidl.ts';
import { formatLog, formatTable, inspect } from './lazy/index.ts';

const labelsMax = 1000;
const indentMax = 20;

export function installConsole(global: Record<string, unknown>): void {
  const console = Object.assign(Object.create({}), namespace());
  Object.defineProperty(console, Symbol.toStringTag, { value: 'console', configurable: true });
  defineGlobal(global, 'console', console);
}

type Operation = (...values: unknown[]) => void;

/** Optional parameters are taken from the rest, so that they don't count in an operation's `length`. */
function namespace(): Record<string, Operation> {
  const groups = new Groups();
  const print = (level: LogLevel, values: readonly unknown[]): void => groups.print(level, formatLog(values));
  const group = (...values: unknown[]): void => {
    if (values.length > 0) print('info', values);
    groups.indent(1);
  };
  return {
    log: (...values) => print('info', values),
    info: (...values) => print('info', values),
    debug: (...values) => print('debug', values),
    warn: (...values) => print('warn', values),
    error: (...values) => print('error', values),
    trace: (...values) => groups.print('debug', traceText(values)),
    assert: (...[condition, ...values]) => {
      if (!condition) print('error', assertionValues(values));
    },
    dir: (...[value]) => groups.print('info', inspect(value)),
    dirxml: (...values) => print('info', values),
    table: (...[data, columns]) => {
      const table = formatTable(data, columns === undefined ? undefined : toSequence(columns, toDOMString));
      if (table === undefined) print('info', [data]);
      else groups.print('info', formatLog([table]));
    },
    group,
    groupCollapsed: group,
    groupEnd: () => groups.indent(-1),
    clear: () => undefined,
    ...counters(print),
    ...stopwatches(print),
  };
}

class Groups {
  #depth = 0;

  indent(by: number): void {
    this.#depth = Math.max(this.#depth + by, 0);
  }

  print(level: LogLevel, text: string): void {
    const indent = '  '.repeat(Math.min(this.#depth, indentMax));
    host().log(level, indent === '' ? text : `${indent}${text.replaceAll('\n', `\n${indent}`)}`);
  }
}

type Print = (level: LogLevel, values: readonly unknown[]) => void;

function traceText(values: readonly unknown[]): string {
  const stack = new Error().stack ?? '';
  const frames = stack.split('\n').slice(3).join('\n');
  return formatLog([`Trace${values.length > 0 ? ': ' : ''}${formatLog(values)}${frames === '' ? '' : `\n${frames}`}`]);
}

/** https://console.spec.whatwg.org/#assert */
function assertionValues([first, ...rest]: readonly unknown[]): readonly unknown[] {
  if (first === undefined && rest.length === 0) return ['Assertion failed'];
  if (typeof first === 'string') return [`Assertion failed: ${first}`, ...rest];
  return ['Assertion failed', first, ...rest];
}

function toLabel(label: unknown): string {
  return label === undefined ? 'default' : toDOMString(label).slice(0, 256);
}

function counters(print: Print): Record<string, Operation> {
  const counts = new Map<string, number>();
  return {
    count: (...[label]) => {
      const name = toLabel(label);
      const count = (counts.get(name) ?? 0) + 1;
      if (counts.size < labelsMax || counts.has(name)) counts.set(name, count);
      print('info', [`${name}: ${count}`]);
    },
    countReset: (...[label]) => {
      const name = toLabel(label);
      if (!counts.delete(name)) print('warn', [`Count for '${name}' does not exist`]);
    },
  };
}

function stopwatches(print: Print): Record<string, Operation> {
  const starts = new Map<string, number>();
  const log = (name: string, values: readonly unknown[]): boolean => {
    const start = starts.get(name);
    if (start === undefined) print('warn', [`Timer '${name}' does not exist`]);
    else print('info', [`${name}: ${nowMs() - start}ms`, ...values]);
    return start !== undefined;
  };
  return {
    time: (...[label]) => {
      const name = toLabel(label);
      if (starts.has(name)) print('warn', [`Timer '${name}' already exists`]);
      else if (starts.size < labelsMax) starts.set(name, nowMs());
    },
    timeLog: (...[label, ...values]) => void log(toLabel(label), values),
    timeEnd: (...[label]) => {
      const name = toLabel(label);
      if (log(name, [])) starts.delete(name);
    },
  };
}
