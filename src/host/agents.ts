/** Process entry: runs agents in threads, keeps their journals, and answers the supervisor about them. */
import type { FromAgents, ToAgents } from '../protocol/agent/messages.ts';
import { toErrorData } from '../protocol/errors.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';
import { AgentRuns } from './agent-runs.ts';

let runs: AgentRuns | undefined;

// Every file is made with a mode of its own; one that an agent writes anew keeps the one it had.
process.umask(0);

process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.on('message', (message: ToAgents) => void obey(message));

async function obey(message: ToAgents): Promise<void> {
  if (message.type === 'init') {
    runs = new AgentRuns(message.init, { log: (lines) => tell({ type: 'log', lines }), stuck: (why) => tell({ type: 'stuck', message: why }), ask: tell });
    tell({ type: 'heartbeat' });
    setInterval(() => tell({ type: 'heartbeat' }), HOST_LIMITS.heartbeatMs);
    return runs.takeUpAll();
  }
  if (message.type === 'call') {
    const { call, asked } = message;
    const answered = Promise.resolve().then(() => runs?.answer(asked));
    return answered.then(
      (value) => tell({ type: 'answer', call, value }),
      (error: unknown) => tell({ type: 'answer', call, error: toErrorData(error) }),
    );
  }
  if (message.type === 'model') return runs?.answerModel(message);
  await runs?.close();
  tell({ type: 'closed' });
}

function tell(message: FromAgents): void {
  if (process.connected) process.send?.(message);
}
