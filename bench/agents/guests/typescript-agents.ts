/** Sources of agents in TypeScript that are measured. */

/** Says one word and is over. */
export const TRIVIAL_AGENT = `
import { agent } from 'nanos/agent';
export async function run(): Promise<void> {
  console.log('here');
  await agent.done('');
}
`;

/** Waits for longer than anybody measures. */
export const WAITING_AGENT = `
export async function run(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1_000_000_000));
}
`;

export function askingAgent(calls: number): string {
  return `
import { agent } from 'nanos/agent';
export async function run(): Promise<void> {
  for (let call = 0; call < ${calls}; call++) await agent.getGoal();
}
`;
}

/** Steps of an agent as a chat makes them: read, think, remember all that was said. */
export const CHAT_STEPS = 60;
export const CHAT_AGENT = `
import { fs } from 'nanos/agent';
interface Message { role: string; content: string; step: number }
export async function run(): Promise<void> {
  const messages: Message[] = [];
  for (let step = 0; step < ${CHAT_STEPS}; step++) {
    const text = await fs.readFile('note.txt');
    messages.push({ role: 'user', content: \`\${step}: \${text}\`, step });
    const prompt = JSON.stringify(messages);
    messages.push({ role: 'assistant', content: \`\${prompt.length} characters so far, \${prompt.split(' ').length} words\`, step });
  }
}
`;

/** Reads and writes in turns; every second step has to be on record before it is done. */
export function workingAgent(steps: number): string {
  return `
import { agent, fs } from 'nanos/agent';
export async function run(): Promise<void> {
  let lines = 0;
  for (let step = 0; step < ${steps}; step += 2) {
    lines += (await fs.readFile('note.txt')).split('\\n').length;
    await fs.writeFile('out.txt', \`\${step}: \${lines} lines\\n\`);
  }
  await agent.done(String(lines));
}
`;
}

/** Some 100 ms of what agents compute: objects, strings, regular expressions, JSON, sorting, numbers. */
export const COMPUTING_AGENT = `
function sieve(limit: number): number {
  const composite = new Uint8Array(limit);
  let primes = 0;
  for (let i = 2; i < limit; i++) {
    if (composite[i] === 1) continue;
    primes++;
    for (let j = i * 2; j < limit; j += i) composite[j] = 1;
  }
  return primes;
}
function words(count: number): string {
  let state = 1;
  const all: string[] = [];
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    all.push((state % 9973).toString(36));
  }
  return all.join(' ');
}
function count(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of text.match(/[a-z0-9]+/g) ?? []) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
export async function run(): Promise<void> {
  const primes = sieve(60_000);
  const counted = count(words(12_000));
  const sorted = Object.entries(counted).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const copy = JSON.parse(JSON.stringify(sorted)) as [string, number][];
  let total = primes;
  for (const [word, number] of copy) total += word.length * number;
  console.log(String(total));
}
`;
