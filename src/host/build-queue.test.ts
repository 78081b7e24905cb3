import assert from 'node:assert/strict';
import test from 'node:test';
import { BuildQueue, type BuildJob } from './build-queue.ts';
import type { BuildTask } from './build-messages.ts';

const task: BuildTask = { type: 'api' };

function queue(concurrency: number): { jobs: BuildQueue; started: BuildJob[]; keys: () => string[] } {
  const started: BuildJob[] = [];
  return { jobs: new BuildQueue(concurrency, (job) => started.push(job)), started, keys: () => started.map(({ key }) => key) };
}

test('as many run at once as are allowed', () => {
  const { jobs, started, keys } = queue(2);
  for (const key of ['a', 'b', 'c']) void jobs.add(key, task);
  assert.deepEqual(keys(), ['a', 'b']);
  jobs.finish(started[0]!.id);
  assert.deepEqual(keys(), ['a', 'b', 'c']);
});

test('of one key one runs, and only the latest of those that wait', async () => {
  const { jobs, started } = queue(5);
  void jobs.add('a', task);
  const latest: BuildTask = { type: 'api' };
  const waiting = [jobs.add('a', task), jobs.add('a', latest)];
  assert.equal(started.length, 1);
  jobs.finish(started[0]!.id);
  assert.equal(started.length, 2);
  assert.equal(started[1]!.task, latest);
  started[1]!.resolve('built');
  assert.deepEqual(await Promise.all(waiting), ['built', 'built']);
});

test('a job under suspicion runs alone', () => {
  const { jobs, started, keys } = queue(3);
  for (const key of ['a', 'b', 'c', 'd']) void jobs.add(key, task);
  const failed = jobs.takeRunning();
  for (const job of failed) job.attempts++;
  started.length = 0;
  jobs.putBack(failed);
  for (const expected of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
    assert.deepEqual(keys(), expected);
    jobs.finish(started.at(-1)?.id ?? 0);
  }
  assert.deepEqual(keys(), ['a', 'b', 'c', 'd']);
});

test('a job ends once', () => {
  const { jobs, started } = queue(1);
  void jobs.add('a', task);
  assert.equal(jobs.isEmpty, false);
  assert.equal(jobs.finish(started[0]!.id), started[0]);
  assert.equal(jobs.finish(started[0]!.id), undefined);
  assert.equal(jobs.isEmpty, true);
});

test('all can be rejected', async () => {
  const { jobs } = queue(1);
  const all = [jobs.add('a', task), jobs.add('b', task)];
  jobs.rejectAll(new Error('closing'));
  for (const job of all) await assert.rejects(job, { message: 'closing' });
  assert.equal(jobs.isEmpty, true);
});
