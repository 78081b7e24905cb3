/** https://console.spec.whatwg.org/#formatter */
import { inspect, inspectLengthMax } from './inspect.ts';

/** All arguments of a console call as one text of at most {@link inspectLengthMax} UTF-16 code units. */
export function formatLog(values: readonly unknown[]): string {
  const [first, ...rest] = values;
  const hasFormat = typeof first === 'string' && rest.length > 0 && first.includes('%');
  const text = hasFormat ? substitute(first, rest) : values.map(plain).join(' ');
  return text.length > inspectLengthMax ? `${text.slice(0, inspectLengthMax - 1)}…` : text;
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, inspectLengthMax) : inspect(value);
}

function substitute(format: string, values: readonly unknown[]): string {
  let used = 0;
  const text = format.slice(0, inspectLengthMax).replace(/%[sdifoOc%]/g, (specifier) => {
    if (specifier === '%%') return '%';
    if (used >= values.length) return specifier;
    return substitution(specifier, values[used++]);
  });
  return [text, ...values.slice(used).map(plain)].join(' ');
}

function substitution(specifier: string, value: unknown): string {
  switch (specifier) {
    case '%s':
      return typeof value === 'object' && value !== null ? inspect(value, { depth: 0 }) : asText(value);
    case '%d':
      return typeof value === 'bigint' ? inspect(value) : numberText(value, Number);
    case '%i':
      return typeof value === 'bigint' ? inspect(value) : numberText(value, (item) => Number.parseInt(String(item), 10));
    case '%f':
      return numberText(value, (item) => Number.parseFloat(String(item)));
    case '%c':
      return '';
    default:
      return inspect(value);
  }
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, inspectLengthMax);
  return inspect(value);
}

function numberText(value: unknown, convert: (value: string | number | boolean) => number): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return 'NaN';
  return inspect(convert(value));
}
