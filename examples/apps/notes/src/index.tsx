/** @jsxRuntime automatic @jsxImportSource hono/jsx */
import { Hono } from 'hono';

interface Note {
  id: string;
  text: string;
}

// lives as long as the isolate: a store comes from a binding
const notes = new Map<string, Note>();

const app = new Hono();

app.get('/', (context) =>
  context.html(
    <html>
      <head>
        <title>Notes</title>
      </head>
      <body>
        <h1>Notes</h1>
        <ul>
          {[...notes.values()].map(({ text }) => (
            <li>{text}</li>
          ))}
        </ul>
      </body>
    </html>,
  ),
);

app.get('/notes', (context) => context.json([...notes.values()]));

app.post('/notes', async (context) => {
  const { text } = await context.req.json<{ text?: unknown }>();
  if (typeof text !== 'string' || text === '') return context.json({ error: 'A note has a text' }, 400);
  const note = { id: crypto.randomUUID(), text };
  notes.set(note.id, note);
  return context.json(note, 201);
});

app.delete('/notes/:id', (context) => (notes.delete(context.req.param('id')) ? context.body(null, 204) : context.notFound()));

export default app;
