import type { BenchOptions } from '../src/cli/commands/bench.ts';
import { BenchScope } from './bench-scope.ts';
import { buildApps } from './density/build-apps.ts';
import type { DensityRun, DensitySection } from './density/density-run.ts';
import { FULL, QUICK } from './density/density-size.ts';
import { DENSITY_SECTION_NAMES, type DensityFigure, type DensitySectionName } from './density/report/density-figure.ts';
import { formatDensityMarkdown, formatDensityTerminal, type DensityReport } from './density/report/density-report.ts';
import { deployed } from './density/sections/deployed.ts';
import { residents } from './density/sections/residents.ts';
import { machineFacts } from './measure/machine-facts.ts';
import { trySection } from './try-section.ts';

const SECTIONS: Readonly<Record<DensitySectionName, DensitySection>> = { deployed, residents };

/** Measures one host with thousands of apps, deployed and resident, and returns the report as text. Leaves no process and no file. */
export async function densityBench(options: BenchOptions): Promise<string> {
  if (process.platform !== 'linux') throw new Error('The bench reads CPU and memory from /proc: it runs on Linux');
  const report = await measureDensity(options);
  if (options.format === 'json') return `${JSON.stringify(report, undefined, 2)}\n`;
  return options.format === 'markdown' ? formatDensityMarkdown(report) : `\n${formatDensityTerminal(report)}`;
}

async function measureDensity({ quick, only, cells: cellsAsked, say, signal }: BenchOptions): Promise<DensityReport> {
  const size = quick ? QUICK : FULL;
  const cells = cellsAsked ?? size.cells;
  const notes: string[] = [];
  const figures: DensityFigure[] = [];
  const own = new BenchScope(signal);
  try {
    const built = await buildApps(own, size.deployed, say);
    for (const name of DENSITY_SECTION_NAMES.filter((section) => only === undefined || only === section)) {
      signal.throwIfAborted();
      const run: DensityRun = { scope: new BenchScope(signal), built, size, cells, say, note: (text) => void notes.push(text) };
      figures.push(...(await trySection(name, SECTIONS[name], run)));
    }
  } finally {
    await own.close();
  }
  if (figures.length === 0) throw new Error(notes.at(-1));
  return { machine: machineFacts(), cells, quick, columns: { deployed: [1, size.deployed], residents: size.levels }, figures, notes };
}
