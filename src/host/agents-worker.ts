/** Entry file of a thread of the agents' process: many runs, one at a time in their guests. */
import { parentPort, workerData } from 'node:worker_threads';
import type { AgentsInit, FromThread, ToThread } from '../protocol/agent/messages.ts';
import { AGENT_HOST_LIMITS } from './agent-host-limits.ts';
import { AgentThreadRuns } from './agent-thread-runs.ts';

if (parentPort === null) throw new Error('This file is the entry of a thread');
const port = parentPort;
const tell = (message: FromThread): void => port.postMessage(message);
const runs = new AgentThreadRuns(workerData as AgentsInit, tell);

setInterval(() => tell({ type: 'heartbeat' }), AGENT_HOST_LIMITS.heartbeatMs);
port.on('message', (message: ToThread) => runs.obey(message));
