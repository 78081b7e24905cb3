import { agent, fs } from 'nanos/agent';

/** Reads the instruction it was given, does what it says, and can do nothing else. */
export async function run(): Promise<void> {
  console.log(`Goal: ${await agent.getGoal()}`);
  const instruction = await fs.readFile('instruction.txt');
  const secret = /secret is ([\w-]+)/.exec(instruction)?.[1];
  if (secret === undefined) throw new Error('The instruction names no secret');
  await fs.writeFile('secret.txt', `${secret}\n`);
  await agent.done(`The secret is in secret.txt: ${secret.length} characters`);
}
