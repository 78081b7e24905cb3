import assert from 'node:assert/strict';
import { engineMissing } from '../support/engine-missing.ts';
import type { Nanos } from '../support/start-nanos.ts';

/** Without the engine of local models, what an app sees is the run's failure. */
export async function checkAskAnAgent(host: Nanos): Promise<void> {
  const hasEngine = engineMissing() === false;
  assert.equal((await host.request('ask-an-agent')).status, 400);
  const answer = await host.request('ask-an-agent', '/?question=What+does+the+file+parcels.txt+say%3F');
  const { answer: said, run } = answer.json() as { answer: string; run: string };
  assert.match(run, /^[0-9a-z]{22}$/);
  if (hasEngine) assert.deepEqual([answer.status, said], [200, 'Parcels leave every day at noon.']);
  else assert.equal(answer.status, 502);
  const recorded = JSON.parse((await host.control(`/v1/runs/${run}`)).text) as { agent: string; goal: string };
  assert.deepEqual([recorded.agent, recorded.goal], ['answer', 'What does the file parcels.txt say?']);
  const chat = await host.request('ask-an-agent', '/chat?say=Hi');
  if (hasEngine) assert.ok(chat.status === 200 && chat.text.length > 0, chat.text);
  else assert.deepEqual([chat.status, (chat.json() as { error: string }).error], [502, 'model_engine_missing']);
}
