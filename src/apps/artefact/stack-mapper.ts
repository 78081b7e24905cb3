import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import type { SourcePosition } from '../../protocol/errors.ts';
import { APP_FILENAME } from '../build/app-script.ts';

const framePattern = new RegExp(`(?<![\\w./-])${APP_FILENAME.replace('.', '\\.')}:(?<line>\\d{1,9}):(?<column>\\d{1,9})`, 'gu');

/** From places in an app's script to places in its sources (relative to the app's folder). */
export class StackMapper {
  readonly #map: TraceMap | undefined;

  /** Throws when `sourceMap` is no JSON of a source map; undefined maps nothing. */
  constructor(sourceMap: string | undefined) {
    this.#map = sourceMap === undefined ? undefined : new TraceMap(sourceMap);
  }

  /** The source of a place in the script; lines and columns count from 1. */
  position(line: number, column: number): SourcePosition | undefined {
    if (this.#map === undefined || line < 1 || column < 1) return undefined;
    const found = originalPositionFor(this.#map, { line, column: column - 1 });
    return found.source === null ? undefined : { file: found.source, line: found.line, column: found.column + 1 };
  }

  /** The innermost frame of `stack` that has a source. */
  positionInStack(stack: string): SourcePosition | undefined {
    for (const { groups } of stack.matchAll(framePattern)) {
      const position = this.position(Number(groups?.['line']), Number(groups?.['column']));
      if (position !== undefined) return position;
    }
    return undefined;
  }

  /** `stack` with every place in the script replaced by its source. */
  mapStack(stack: string): string {
    return stack.replace(framePattern, (frame, line: string, column: string) => {
      const position = this.position(Number(line), Number(column));
      return position === undefined ? frame : `${position.file}:${position.line}:${position.column}`;
    });
  }
}
