import { SERVER_NAMES, type ServerName } from '../servers/bench-address.ts';

export const SECTION_NAMES = ['cold', 'memory', 'throughput', 'idle', 'web-api'] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

export type Unit = 'ms' | 'µs' | 'MB' | '1/s' | 's' | '×' | 'apps' | 'KB' | 'bytes' | 'maps';

export interface Target {
  readonly text: string;
  readonly isMet: boolean;
}

/** One line of the report. */
export interface Figure {
  readonly section: SectionName;
  readonly name: string;
  readonly unit: Unit;
  readonly values: Readonly<Partial<Record<ServerName, number>>>;
  readonly targets: readonly Target[];
}

/** How nanos compares with a peer; undefined where one of them has no figure. */
export function ratio({ values }: Pick<Figure, 'values'>, peer: ServerName): number | undefined {
  const own = values.nanos;
  const other = values[peer];
  return own === undefined || other === undefined || other === 0 ? undefined : own / other;
}

export function below(value: number, limit: number, unit: Unit): Target {
  return { text: `< ${limit} ${unit}`, isMet: value < limit };
}

export function atLeast(value: number, limit: number, unit: Unit): Target {
  return { text: `≥ ${limit} ${unit}`, isMet: value >= limit };
}

/** None without a figure of the peer. */
export function atLeastOf(values: Figure['values'], peer: ServerName, factor: number): Target[] {
  const got = ratio({ values }, peer);
  return got === undefined ? [] : [{ text: `≥ ${factor} × ${peer}`, isMet: got >= factor }];
}

/** None without a figure of the peer. */
export function atMostOf(values: Figure['values'], peer: ServerName, factor: number): Target[] {
  const got = ratio({ values }, peer);
  return got === undefined ? [] : [{ text: `≤ ${factor} × ${peer}`, isMet: got <= factor }];
}

/** The values of all servers that have one. */
export function collect(valueOf: (server: ServerName) => number | undefined): Figure['values'] {
  const values: Partial<Record<ServerName, number>> = {};
  for (const server of SERVER_NAMES) {
    const value = valueOf(server);
    if (value !== undefined) values[server] = value;
  }
  return values;
}
