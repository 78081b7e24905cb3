import type { BenchOptions } from '../src/cli/commands/bench.ts';
import { EMBEDDED_MODEL } from '../src/llm/embedded-model.ts';
import { modelInfo } from '../src/llm/model-info.ts';
import { BenchScope } from './bench-scope.ts';
import { machineFacts } from './measure/machine-facts.ts';
import { formatModelsMarkdown, formatModelsTerminal, type ModelsReport } from './models/format-models-report.ts';
import type { ModelBenchSection } from './models/model-bench-run.ts';
import { FULL, QUICK, type ModelBenchSize } from './models/model-bench-size.ts';
import { MODEL_SECTION_NAMES, type ModelFigure, type ModelSectionName } from './models/model-figure.ts';
import { besideApps } from './models/sections/beside-apps.ts';
import { start } from './models/sections/start.ts';
import { throughput } from './models/sections/throughput.ts';
import { trySection } from './try-section.ts';

const SECTIONS: Readonly<Record<ModelSectionName, ModelBenchSection>> = { throughput, apps: besideApps, start };

/** Measures local models beside node-llama-cpp, and returns the report as text. Leaves no process and no file. */
export async function modelsBench(options: BenchOptions): Promise<string> {
  const report = await measureModels({ ...options, size: options.quick ? QUICK : FULL });
  if (options.format === 'json') return `${JSON.stringify(report, undefined, 2)}\n`;
  return options.format === 'markdown' ? formatModelsMarkdown(report) : `\n${formatModelsTerminal(report)}`;
}

export interface ModelMeasures extends Pick<BenchOptions, 'quick' | 'only' | 'say' | 'signal'> {
  readonly size: ModelBenchSize;
}

/** Throws when `only` names no section, and when not one section could be measured. */
export async function measureModels({ size, quick, only, say, signal }: ModelMeasures): Promise<ModelsReport> {
  const figures: ModelFigure[] = [];
  const notes: string[] = [];
  for (const name of wantedSections(only)) {
    signal.throwIfAborted();
    figures.push(...(await trySection(name, SECTIONS[name], { scope: new BenchScope(signal), size, say, note: (text) => void notes.push(text) })));
  }
  if (figures.length === 0) throw new Error(notes.at(-1));
  const { name, parameters, quantization } = await modelInfo(EMBEDDED_MODEL.path);
  return { machine: machineFacts(), model: `${name}, ${(parameters / 1e6).toFixed(1)}M parameters, ${quantization}, one thread`, quick, figures, notes };
}

function wantedSections(only: BenchOptions['only']): readonly ModelSectionName[] {
  const wanted = MODEL_SECTION_NAMES.filter((name) => only === undefined || only === name);
  if (wanted.length === 0) throw new Error(`There is no section ${only}`);
  return wanted;
}
