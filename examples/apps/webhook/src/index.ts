/** A webhook processor: takes an event only with a right signature, answers at once, and delivers it afterwards. */
import { hasRightSignature } from './has-right-signature.ts';
import { deliver } from './deliver.ts';

interface Env {
  readonly WEBHOOK_SECRET: string;
  readonly FORWARD_TO: string;
  readonly TRIES: number;
}

const BODY_BYTES_MAX = 256 * 1024;

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    if (request.method !== 'POST') return new Response('Send events by POST\n', { status: 405, headers: { allow: 'POST' } });
    if (Number(request.headers.get('content-length') ?? 0) > BODY_BYTES_MAX) return new Response('The event is too large\n', { status: 413 });
    const body = await request.arrayBuffer();
    const isRight = await hasRightSignature(env.WEBHOOK_SECRET, request.headers.get('x-signature-256'), body);
    if (!isRight) return new Response('The signature is missing or wrong\n', { status: 401 });

    const id = request.headers.get('x-delivery-id') ?? crypto.randomUUID();
    context.waitUntil(deliver(env.FORWARD_TO, id, body, env.TRIES));
    return Response.json({ accepted: id }, { status: 202 });
  },
} satisfies ExportedHandler<Env>;
