import { Agent } from 'node:http';
import type { Cleanup, Nanos } from './start-nanos.ts';

const TRIES = 500;

/** Kept connections, one by each cell, found by the ids that cells give to requests. Rejects when that many cells do not take connections. */
export async function everyCell(cleanup: Cleanup, nanos: Nanos, cells: number, app: string): Promise<Agent[]> {
  const byCell = new Map<string, Agent>();
  for (let tries = 0; tries < TRIES && byCell.size < cells; tries++) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    cleanup.after(() => agent.destroy());
    const { headers } = await nanos.request(app, '/', { agent });
    const cell = String(headers['x-request-id']).slice(-8);
    if (byCell.has(cell)) agent.destroy();
    else byCell.set(cell, agent);
  }
  if (byCell.size < cells) throw new Error(`Of ${TRIES} connections, ${byCell.size} cells had one each, not ${cells}`);
  return [...byCell.values()];
}
