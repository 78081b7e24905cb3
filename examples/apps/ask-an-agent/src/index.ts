import { Hono } from 'hono';

interface Env {
  LIBRARIAN: { run(goal: string): Promise<{ runId: string; status: string; message: string }> };
  AI: { chat(options: { messages: { role: string; content: string }[]; maxTokens: number; stream: true }): Promise<ReadableStream> };
}

const QUESTION_LENGTH_MAX = 200;

const app = new Hono<{ Bindings: Env }>();

// an agent in its own sandbox reads what its manifest lets it read, and its run is on record
app.get('/', async (context) => {
  const question = context.req.query('question') ?? '';
  if (question === '' || question.length > QUESTION_LENGTH_MAX) return context.json({ error: 'ask with ?question=' }, 400);
  const { runId, status, message } = await context.env.LIBRARIAN.run(question);
  return context.json({ question, answer: message, run: runId }, status === 'done' ? 200 : 502);
});

// the model itself, as it speaks
app.get('/chat', async (context) => {
  const content = (context.req.query('say') ?? 'Hello').slice(0, QUESTION_LENGTH_MAX);
  return context.body(await context.env.AI.chat({ messages: [{ role: 'user', content }], maxTokens: 40, stream: true }));
});

app.onError((error, context) => {
  const code = 'code' in error ? String(error.code) : 'failed';
  return context.json({ error: code, message: error.message }, code === 'token_limit' ? 429 : 502);
});

export default app;
