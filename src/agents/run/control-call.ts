import { unpackPayload } from '../../protocol/agent/payload.ts';
import { z } from 'zod';
import type { Call } from './reply-source.ts';
import { abiFault, checkLimit } from './run-stop.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** A call to the run itself. It is obeyed live and in a replay alike, and its reply is empty. */
export type ControlCall =
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string }
  | { readonly kind: 'done'; readonly message: string }
  | { readonly kind: 'exit'; readonly status: number };

const headSchemas = {
  log: z.object({ level: z.enum(['debug', 'info', 'warn', 'error', 'fatal']) }),
  done: z.object({}),
  exit: z.object({ code: z.int() }),
};

export function isControl(name: Call['name']): name is ControlCall['kind'] {
  return name === 'log' || name === 'done' || name === 'exit';
}

/** Undefined for a call to the outside. A malformed one ends the run, because nothing waits for its error. */
export function readControlCall(call: Call): ControlCall | undefined {
  const { name } = call;
  if (!isControl(name)) return undefined;
  if (call.args === undefined) throw abiFault(`The agent called ${name} with more bytes than the host takes`);
  const { head, text } = readPayload(name, call.args);
  if (name === 'exit') return { kind: 'exit', status: parse(name, headSchemas.exit, head).code };
  if (name === 'log') return { kind: 'log', level: parse(name, headSchemas.log, head).level, text };
  checkLimit('messageBytesMax', call.args.length);
  parse(name, headSchemas.done, head);
  return { kind: 'done', message: text };
}

function readPayload(name: string, args: Uint8Array): { head: unknown; text: string } {
  try {
    const { head, body } = unpackPayload(args);
    return { head: head ?? {}, text: new TextDecoder().decode(body) };
  } catch {
    throw abiFault(`The agent called ${name} with a payload whose first line is no JSON`);
  }
}

function parse<T>(name: string, schema: z.ZodType<T>, head: unknown): T {
  const parsed = schema.safeParse(head);
  if (!parsed.success) throw abiFault(`The agent called ${name} with wrong arguments: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
