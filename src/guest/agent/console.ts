import { tell } from './calls.ts';
import { formatLog } from '../webapi/console/lazy/format.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

function logger(level: Level): (...values: unknown[]) => void {
  return (...values) => log(level, formatLog(values));
}

let indent = '';
const counts = new Map<string, number>();
const startsMs = new Map<string, number>();

function log(level: Level, text: string): void {
  tell('log', { level }, indent === '' ? text : indent + text.replaceAll('\n', `\n${indent}`));
}

/** https://console.spec.whatwg.org/ — every line is a log entry of the run; tables are shown as plain values. */
export const console = {
  log: logger('info'),
  info: logger('info'),
  debug: logger('debug'),
  warn: logger('warn'),
  error: logger('error'),
  trace: (...values: unknown[]): void => log('debug', `Trace: ${formatLog(values)}\n${new Error('trace').stack ?? ''}`),
  dir: (value: unknown): void => log('info', formatLog([value])),
  table: logger('info'),
  assert: (condition: unknown, ...values: unknown[]): void => {
    if (!condition) log('error', formatLog(['Assertion failed', ...values]));
  },
  group: (...values: unknown[]): void => {
    if (values.length > 0) log('info', formatLog(values));
    indent += '  ';
  },
  groupCollapsed: (...values: unknown[]): void => console.group(...values),
  groupEnd: (): void => {
    indent = indent.slice(2);
  },
  count: (label: unknown = 'default'): void => {
    const count = (counts.get(String(label)) ?? 0) + 1;
    counts.set(String(label), count);
    log('info', `${String(label)}: ${count}`);
  },
  countReset: (label: unknown = 'default'): void => void counts.delete(String(label)),
  time: (label: unknown = 'default'): void => void startsMs.set(String(label), Date.now()),
  timeLog: (label: unknown = 'default', ...values: unknown[]): void => logTime(String(label), values),
  timeEnd: (label: unknown = 'default'): void => {
    logTime(String(label), []);
    startsMs.delete(String(label));
  },
};

function logTime(label: string, values: readonly unknown[]): void {
  const startMs = startsMs.get(label);
  if (startMs === undefined) log('warn', `Timer '${label}' does not exist`);
  else log('info', formatLog([`${label}: ${Date.now() - startMs} ms`, ...values]));
}
