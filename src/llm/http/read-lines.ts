import { NanosError } from '../../protocol/errors.ts';

const LINE_CHARACTERS_MAX = 8 * 1024 * 1024;

/** The lines of a text in UTF-8, without their ends (`\n`, `\r\n` or `\r`) and as they come; the last one need not have an end. */
export async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    if (rest.length > LINE_CHARACTERS_MAX) throw new NanosError('model_failed', `The model's server sent a line of more than ${LINE_CHARACTERS_MAX} characters`);
    yield* lines;
  }
  rest = (rest + decoder.decode()).replace(/\r$/, '');
  if (rest !== '') yield rest;
}

/** The data of server-sent events (HTML standard, 9.2), whatever their type. */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  let data: string[] = [];
  for await (const line of readLines(body)) {
    if (line === '' && data.length > 0) {
      yield data.join('\n');
      data = [];
    } else if (line.startsWith('data:')) data.push(line.slice(line.startsWith('data: ') ? 6 : 5));
  }
  if (data.length > 0) yield data.join('\n');
}
