import { agent, fs, PermissionDenied } from 'nanos/agent';

/** Writes an order for what runs short. Each order waits until a person has approved, edited or denied it; the agent takes no for an answer. */
export async function run(): Promise<void> {
  const lines = (await fs.readFile('stock.txt')).trim().split('\n');
  const short = lines.map((line) => line.split(' ')).filter(([, have, minimum]) => Number(have) < Number(minimum));
  const told = await Promise.all(short.map(([item = '', have, minimum]) => order(item, Number(minimum) - Number(have))));
  await agent.done(told.join('; '));
}

async function order(item: string, count: number): Promise<string> {
  try {
    await fs.writeFile(`orders/${item}.txt`, `Please send ${count} of ${item}\n`);
    return `${item}: ordered`;
  } catch (error) {
    if (error instanceof PermissionDenied) return `${item}: ${error.message.replace(/^.*\(approve: (.*)\)$/u, '$1')}`;
    throw error;
  }
}
