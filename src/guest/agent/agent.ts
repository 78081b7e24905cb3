import { callForJson, callForText, runtime } from './runtime.ts';

/** The goal that this run was given. */
export function getGoal(): Promise<string> {
  return callForText('goal', undefined);
}

/** Names of the tools that the manifest grants. */
export function getTools(): Promise<string[]> {
  return callForJson('tools', undefined);
}

/** Ends the run as done, with a message for whoever started it. What the agent does after that in the same turn still counts; no reply comes any more. */
export async function done(message: unknown = ''): Promise<void> {
  runtime.tell('done', {}, String(message));
}
