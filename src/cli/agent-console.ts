import type { RunWatcher } from '../agents/run/run-environment.ts';
import type { TextSink } from './cli-io.ts';
import { printable } from './printable.ts';

/** Puts places in the agent's sources in place of places in its module. */
export type MapText = (text: string) => string;

/** What an agent says and what is denied it, for a person. */
export function agentConsole(sink: TextSink, mapText: MapText): RunWatcher {
  return {
    log: (level, text) => {
      // What ends the run is told when it has ended.
      if (level !== 'fatal') sink.write(printable(`${level === 'error' ? mapText(text) : text}\n`));
    },
    denied: ({ syscall, asked, rule }) => void sink.write(printable(`nanos: denied: ${syscall}: ${asked} (${rule})\n`)),
    rest: () => undefined,
  };
}

/** Says something to the person who started a run, in a line. */
export function noteTo(sink: TextSink): (text: string) => void {
  return (text) => void sink.write(printable(`${text}\n`));
}
