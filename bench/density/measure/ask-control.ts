/** The control plane of a host without tokens. */
import { z } from 'zod';
import { quantile } from '../../measure/quantile.ts';

const ASKED = 5;

export interface ControlTime {
  /** median */
  readonly ms: number;
  readonly bytes: number;
}

export async function timeControl(controlUrl: URL, path: string): Promise<ControlTime> {
  const times: number[] = [];
  let bytes = 0;
  for (let asked = 0; asked < ASKED; asked++) {
    const startedMs = performance.now();
    bytes = (await ask(controlUrl, path)).length;
    times.push(performance.now() - startedMs);
  }
  return { ms: quantile(times, 0.5), bytes };
}

const appsSchema = z.looseObject({ apps: z.array(z.looseObject({ residents: z.number() })) });

/** Isolates in memory, over all cells. */
export async function countResidents(controlUrl: URL): Promise<number> {
  const { apps } = appsSchema.parse(JSON.parse(await ask(controlUrl, 'v1/apps')));
  return apps.reduce((total, { residents }) => total + residents, 0);
}

async function ask(controlUrl: URL, path: string): Promise<string> {
  const answer = await fetch(new URL(path, controlUrl));
  if (!answer.ok) throw new Error(`The control plane answered ${path} with ${answer.status}`);
  return answer.text();
}
