import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { readTextSection, SOURCE_MAP_SECTION } from './agent-sections.ts';
import { AGENT_FILENAME } from './agent-filename.ts';

export type MapStack = (text: string) => string;

const frame = new RegExp(`(?<![\\w./-])${AGENT_FILENAME.replace('.', '\\.')}:(?<line>\\d{1,9}):(?<column>\\d{1,9})`, 'gu');
/** Frames of the prelude, of the SDK, which has no part in the source map, and of what the engine itself does. */
const ownFrame = /\n +at [^\n]*\((?:nanos:[^)\n]*|agent\.js:[\d:]*|native)\)(?=\n|$| \{)/gu;

/** What replaces places in an agent's script by places in its sources, in any text that the agent logs. */
export function createMapStack(sourceMap: string | undefined): MapStack {
  const map = parse(sourceMap);
  if (map === undefined) return (text) => text;
  return (text) => text.replace(frame, (found, line: string, column: string) => place(map, Number(line), Number(column)) ?? found).replace(ownFrame, '');
}

/** The same for one text, by the source map in a module's custom section. */
export function mapAgentStack(wasm: Uint8Array, text: string): string {
  return createMapStack(readTextSection(wasm, SOURCE_MAP_SECTION))(text);
}

/** Anybody may have written the section: one that is no source map maps nothing. */
function parse(sourceMap: string | undefined): TraceMap | undefined {
  if (sourceMap === undefined) return undefined;
  try {
    return new TraceMap(sourceMap);
  } catch {
    return undefined;
  }
}

function place(map: TraceMap, line: number, column: number): string | undefined {
  if (line < 1 || column < 1) return undefined;
  try {
    const found = originalPositionFor(map, { line, column: column - 1 });
    return found.source === null ? undefined : `${found.source}:${found.line}:${found.column + 1}`;
  } catch {
    return undefined; // its mappings, which are decoded when they are looked at, are none
  }
}
