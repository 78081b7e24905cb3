/** The histograms of each app, and where their numbers stand in its row of figures (`CellFigures` in protocol/cell-messages.ts). */

export interface HistogramShape {
  readonly name: string;
  readonly help: string;
  /** upper bounds, in seconds; what is above the last counts in one more bucket */
  readonly bounds: readonly number[];
}

export const APP_HISTOGRAMS: readonly HistogramShape[] = [
  { name: 'nanos_app_request_seconds', help: 'Time from a request to the end of its work', bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] },
  { name: 'nanos_app_cpu_seconds', help: 'CPU charged to a request', bounds: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1] },
  { name: 'nanos_app_cold_start_seconds', help: 'Time to start an isolate', bounds: [0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 1] },
];

/** Places of a histogram in a row: a count for each bucket, not cumulated, one for what is above them all, and the sum. */
export function histogramLength({ bounds }: HistogramShape): number {
  return bounds.length + 2;
}

/** Where each of {@link APP_HISTOGRAMS} begins in a row. */
export const HISTOGRAM_STARTS: readonly number[] = APP_HISTOGRAMS.map((_, index) => rowLengthOf(APP_HISTOGRAMS.slice(0, index)));

/** Numbers in the row of one app. */
export const APP_ROW_LENGTH = rowLengthOf(APP_HISTOGRAMS);

function rowLengthOf(histograms: readonly HistogramShape[]): number {
  return histograms.reduce((length, histogram) => length + histogramLength(histogram), 0);
}
