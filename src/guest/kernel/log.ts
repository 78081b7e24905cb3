import { ToHost } from '../../protocol/boundary.ts';
import { stringSlice } from '../../util/primordials.ts';
import { currentRequest } from './current-request.ts';
import type { LogLevel } from './host-calls.ts';
import { message } from './outbox.ts';

/** Twice what the host keeps of a line: it masks secrets before it cuts, and a secret that is cut is not found. */
const TEXT_MAX = 32 * 1024;

export function logLine(level: LogLevel, requestId: number, text: string): void {
  const cut = text.length > TEXT_MAX ? stringSlice(text, 0, TEXT_MAX) : text;
  message(ToHost.log, 3).field(level).number(requestId).field(cut);
}

export function log(level: LogLevel, text: string): void {
  logLine(level, currentRequest(), `${text}`);
}
