import { readFileSync } from 'node:fs';
import type { AppState, HostStatus, SecondWallStatus } from '../protocol/control.ts';
import type { AgentsClient } from './agents-client.ts';
import type { AppRecord } from './app-record.ts';

const started_at = new Date().toISOString();

export async function hostStatus(records: readonly AppRecord[], cells: number, second_wall: SecondWallStatus, agents: AgentsClient): Promise<HostStatus> {
  const apps: Record<AppState, number> = { building: 0, ready: 0, failed: 0, quarantined: 0 };
  for (const { state } of records) apps[state]++;
  return { version: packageVersion(), started_at, apps, cells, second_wall, agents: await agents.status(), memory_bytes: process.memoryUsage.rss() };
}

function packageVersion(): string {
  // The same way up from src/host and from dist/host.
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown';
}
