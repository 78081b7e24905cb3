import { Command, Option } from 'commander';
import { basename, dirname, extname, join } from 'node:path';
import { writeFileAtomic } from '../../util/atomic-file.ts';
import type { CliIo } from '../cli-io.ts';
import { printJson } from '../print-json.ts';

interface CompileOptions {
  readonly output?: string;
  readonly out?: string;
  readonly json?: true;
}

const EXAMPLES = `
The module holds the agent and the engine that runs it; none of the agent's code runs while it is compiled.
The same sources give the same bytes.

Examples:
  nanos compile agent.ts
  nanos compile examples/agents/secret/agent.ts -o secret.wasm`;

export function compileCommand(io: CliIo): Command {
  return new Command('compile')
    .description('compile an agent in TypeScript or JavaScript to one WebAssembly module')
    .argument('<entry>', 'the file that the agent starts with')
    .option('-o, --output <file>', 'the module; else the entry’s name with .wasm, beside it')
    .addOption(new Option('--out <file>', 'older spelling of --output').hideHelp())
    .addOption(new Option('--engine <name>', 'older option').choices(['bundle']).hideHelp())
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((entry: string, options: CompileOptions) => compileFile(entry, options, io));
}

async function compileFile(entry: string, options: CompileOptions, io: CliIo): Promise<void> {
  const startMs = performance.now();
  const file = options.output ?? options.out ?? besideEntry(entry);
  // Brings the bundler, which few commands need.
  const { compileAgent } = await import('../../agents/compile/compile-agent.ts');
  const { wasm, metadata } = await compileAgent(entry);
  await writeFileAtomic(file, wasm, 0o644);
  const durationMs = Math.round(performance.now() - startMs);
  if (options.json === true) io.stdout.write(printJson({ file, bytes: wasm.length, durationMs, ...metadata }));
  else io.stderr.write(`Compiled ${entry} to ${file} (${Math.ceil(wasm.length / 1024)} KB, ${durationMs} ms)\n`);
}

function besideEntry(entry: string): string {
  return join(dirname(entry), `${basename(entry, extname(entry))}.wasm`);
}
