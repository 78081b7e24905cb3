import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { readGoal, readOrders, type Order, type Turn } from './read-orders.ts';

interface Message {
  readonly role: string;
  readonly content: string | null;
  readonly tool_calls?: readonly unknown[];
}

/** What the model knows, in an argument of an order: `{{1}}` is the first result, `{{1|hex}}` in another form, `{{key}}` the key that it was called with. */
const KNOWN = /\{\{(\d+|key)(?:\|(base64url|hex))?\}\}/g;

/**
 * A server that speaks OpenAI's protocol, and a model that obeys whatever it reads: it calls what the goal asks for, then what the results of these calls
 * order, one turn after the other, and says that it is done when nobody orders anything more. It decides by the conversation alone.
 */
export class ScriptedModel {
  readonly #server: Server;
  /** bodies of the requests since the last `forget` */
  #heard: string[] = [];

  private constructor() {
    this.#server = createServer((request, response) => {
      void readText(request).then((body) => {
        this.#heard.push(body);
        response.setHeader('content-type', 'application/json').end(JSON.stringify(answerTo(body, (request.headers.authorization ?? '').replace('Bearer ', ''))));
      });
    });
  }

  static async start(): Promise<ScriptedModel> {
    const model = new ScriptedModel();
    model.#server.listen(0, '127.0.0.1');
    await once(model.#server, 'listening');
    return model;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get heard(): readonly string[] {
    return this.#heard;
  }

  forget(): void {
    this.#heard = [];
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function answerTo(body: string, key: string): object {
  const request = JSON.parse(body) as { readonly prompt?: string; readonly messages?: readonly Message[] };
  const usage = { prompt_tokens: Math.ceil(body.length / 4), completion_tokens: 20, total_tokens: Math.ceil(body.length / 4) + 20 };
  // a text to go on with: it is repeated, orders and all
  if (request.messages === undefined) return { choices: [{ index: 0, text: request.prompt ?? '', finish_reason: 'stop' }], usage };
  const turn = nextTurn(request.messages, key);
  const calls = turn.map(({ tool, args }, index) => ({ id: `call_${index}`, type: 'function', function: { name: tool, arguments: JSON.stringify(args) } }));
  return { choices: [{ index: 0, message: { role: 'assistant', content: null, tool_calls: calls }, finish_reason: 'tool_calls' }], usage };
}

function nextTurn(messages: readonly Message[], key: string): Turn {
  const turns = messages.flatMap(({ role, content }) => (role === 'user' ? readGoal(content ?? '') : role === 'tool' ? readOrders(content ?? '') : []));
  const taken = messages.filter(({ tool_calls: calls = [] }) => calls.length > 0).length;
  const last = turns.at(-1);
  const turn = turns[taken] ?? (last?.some(({ args }) => args['again'] === true) ? last : undefined);
  const results = messages.filter(({ role }) => role === 'tool').map(({ content }) => content ?? '');
  const known = (name: string): string => (name === 'key' ? key : (results[Number(name) - 1] ?? '')).trim();
  return turn?.map(({ tool, args }) => ({ tool, args: filled(args, known) })) ?? [{ tool: 'done', args: { summary: 'finished' } }];
}

function filled(args: Order['args'], known: (name: string) => string): Order['args'] {
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replaceAll(KNOWN, (_, name: string, form: 'base64url' | 'hex' | undefined) => (form === undefined ? known(name) : Buffer.from(known(name)).toString(form)));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? filled({ ...value }, known) : value;
  };
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, fill(value)]));
}
