import type { RequestOutcome } from '../apps/run/app-runner.ts';
import type { CellFigures } from '../protocol/cell-messages.ts';
import { APP_HISTOGRAMS, APP_ROW_LENGTH, HISTOGRAM_STARTS } from './app-histograms.ts';

const [REQUEST, CPU, COLD_START] = [0, 1, 2];

interface AppFigures {
  readonly outcomes: Map<string, number>;
  readonly row: Float64Array;
}

/** What one cell counts of its apps, on the hot path. */
export class CellMetrics {
  readonly #apps = new Map<string, AppFigures>();

  served(app: string, { outcome, latencyMs, cpuMs }: RequestOutcome): void {
    const { outcomes, row } = this.#of(app);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    observe(row, REQUEST, latencyMs / 1000);
    observe(row, CPU, cpuMs / 1000);
  }

  started(app: string, startMs: number): void {
    observe(this.#of(app).row, COLD_START, startMs / 1000);
  }

  /** Forgets an app that is no longer served. */
  remove(app: string): void {
    this.#apps.delete(app);
  }

  snapshot(residents: CellFigures['residents']): CellFigures {
    const rows = new Float64Array(this.#apps.size * APP_ROW_LENGTH);
    const outcomes: CellFigures['outcomes'][number][] = [];
    for (const figures of this.#apps.values()) {
      rows.set(figures.row, outcomes.length * APP_ROW_LENGTH);
      outcomes.push([...figures.outcomes]);
    }
    return { apps: [...this.#apps.keys()], outcomes, rows, residents };
  }

  #of(app: string): AppFigures {
    const known = this.#apps.get(app);
    if (known !== undefined) return known;
    const made = { outcomes: new Map<string, number>(), row: new Float64Array(APP_ROW_LENGTH) };
    this.#apps.set(app, made);
    return made;
  }
}

function observe(row: Float64Array, histogram: number, seconds: number): void {
  const { bounds } = APP_HISTOGRAMS[histogram]!;
  const start = HISTOGRAM_STARTS[histogram]!;
  let bucket = 0;
  while (bucket < bounds.length && seconds > bounds[bucket]!) bucket++;
  row[start + bucket]!++;
  row[start + bounds.length + 1]! += seconds;
}
