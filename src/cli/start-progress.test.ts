import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogEvent } from '../protocol/control.ts';
import { StartProgress } from './start-progress.ts';

const event = (name: string, fields: object = {}): LogEvent => ({ time: '', level: 'info', event: name, ...fields });

test('says how many are built, now and then, and nothing of what needs no build', () => {
  const said: string[] = [];
  let nowMs = 0;
  const progress = new StartProgress((text) => said.push(text), () => nowMs);
  for (let served = 0; served < 5; served++) progress.note(event('app_serving'));
  progress.note(event('apps_building', { apps: 7 }));
  for (const next of ['app_serving', 'app_build_failed', 'app_config', 'app_serving', 'app_serving']) {
    nowMs += 900;
    progress.note(event(next));
  }
  assert.deepEqual(said, ['nanos: 3 of 7 apps are built\n']);
});
