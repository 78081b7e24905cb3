import { agent, fs } from 'nanos/agent';

/** Works through a list slowly. Kill it with kill -9 while it does, then go on with `nanos run --resume last`: nothing is done twice. */
export async function run(): Promise<void> {
  const words = (await fs.readFile('words.txt')).split(/\s+/).filter((word) => word !== '');
  const counted: string[] = [];
  for (const word of words) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    counted.push(`${word}: ${word.length}`);
    await fs.writeFile('out/counted.txt', `${counted.join('\n')}\n`);
    console.log(`${counted.length} of ${words.length}`);
  }
  await agent.done(`Counted ${counted.length} words`);
}
