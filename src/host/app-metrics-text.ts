/** What all cells count of their apps, added up, in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/). Pure. */
import type { CellFigures } from '../protocol/cell-messages.ts';
import { APP_HISTOGRAMS, APP_ROW_LENGTH, HISTOGRAM_STARTS, type HistogramShape } from './app-histograms.ts';

const REQUESTS = { name: 'nanos_app_requests_total', help: 'Requests by outcome', type: 'counter' };
const COLD_STARTS = { name: 'nanos_app_cold_starts_total', help: 'Isolates started', type: 'counter' };
const RESIDENTS = { name: 'nanos_isolates_resident', help: 'Isolates in memory', type: 'gauge' };
const MEMORY = { name: 'nanos_app_memory_bytes', help: 'V8 heap and buffers of a resident app', type: 'gauge' };

interface AppTotals {
  readonly outcomes: Map<string, number>;
  readonly row: Float64Array;
}

export function appMetricsText(cells: readonly CellFigures[]): string {
  const apps = addedUp(cells);
  const lines = [...head(REQUESTS)];
  for (const [app, { outcomes }] of apps) for (const [outcome, count] of outcomes) lines.push(`${REQUESTS.name}{app="${app}",outcome="${outcome}"} ${count}`);
  APP_HISTOGRAMS.forEach((shape, index) => pushHistogram(lines, shape, HISTOGRAM_STARTS[index]!, apps));
  pushStarts(lines, apps);
  pushResidents(lines, cells);
  return `${lines.join('\n')}\n`;
}

function head({ name, help, type }: typeof REQUESTS): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function addedUp(cells: readonly CellFigures[]): Map<string, AppTotals> {
  const totals = new Map<string, AppTotals>();
  for (const { apps, outcomes, rows } of cells) {
    apps.forEach((app, at) => {
      const row = rows.subarray(at * APP_ROW_LENGTH, (at + 1) * APP_ROW_LENGTH);
      const known = totals.get(app);
      if (known === undefined) totals.set(app, { outcomes: new Map(outcomes[at]), row: row.slice() });
      else add(known, outcomes[at] ?? [], row);
    });
  }
  return totals;
}

function add(totals: AppTotals, outcomes: CellFigures['outcomes'][number], row: Float64Array): void {
  for (const [outcome, count] of outcomes) totals.outcomes.set(outcome, (totals.outcomes.get(outcome) ?? 0) + count);
  row.forEach((value, index) => (totals.row[index]! += value));
}

/** Apps that have nothing to show in it are left out. */
function pushHistogram(lines: string[], shape: HistogramShape, start: number, apps: ReadonlyMap<string, AppTotals>): void {
  const { name, help, bounds } = shape;
  lines.push(...head({ name, help, type: 'histogram' }));
  for (const [app, { row }] of apps) {
    const total = countOf(shape, start, row);
    if (total === 0) continue;
    let cumulated = 0;
    bounds.forEach((bound, index) => {
      cumulated += row[start + index]!;
      lines.push(`${name}_bucket{le="${bound}",app="${app}"} ${cumulated}`);
    });
    lines.push(`${name}_bucket{le="+Inf",app="${app}"} ${total}`, `${name}_sum{app="${app}"} ${row[start + bounds.length + 1]}`, `${name}_count{app="${app}"} ${total}`);
  }
}

function countOf({ bounds }: HistogramShape, start: number, row: Float64Array): number {
  return row.subarray(start, start + bounds.length + 1).reduce((sum, count) => sum + count, 0);
}

function pushStarts(lines: string[], apps: ReadonlyMap<string, AppTotals>): void {
  const index = APP_HISTOGRAMS.length - 1;
  lines.push(...head(COLD_STARTS));
  for (const [app, { row }] of apps) {
    const starts = countOf(APP_HISTOGRAMS[index]!, HISTOGRAM_STARTS[index]!, row);
    if (starts > 0) lines.push(`${COLD_STARTS.name}{app="${app}"} ${starts}`);
  }
}

function pushResidents(lines: string[], cells: readonly CellFigures[]): void {
  const heap = new Map<string, number>();
  for (const { name, heapBytes } of cells.flatMap(({ residents }) => residents)) heap.set(name, (heap.get(name) ?? 0) + heapBytes);
  const isolates = cells.reduce((sum, { residents }) => sum + residents.length, 0);
  lines.push(...head(RESIDENTS), `${RESIDENTS.name} ${isolates}`);
  lines.push(...head(MEMORY));
  for (const [app, bytes] of heap) lines.push(`${MEMORY.name}{app="${app}"} ${bytes}`);
}
