import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../run-cli.ts';

async function bench(...args: string[]): Promise<[status: number, err: string]> {
  let err = '';
  const status = await runCli(['bench', ...args], {
    stdout: { write: () => assert.fail('something was measured') },
    stderr: { write: (text) => (err += text) },
    environment: {},
    startHost: () => Promise.reject(new Error('not to be started')),
    onStopSignal: () => () => undefined,
    exit: () => undefined,
  });
  return [status, err];
}

async function refuses(args: readonly string[], reason: RegExp): Promise<void> {
  const [status, err] = await bench(...args);
  assert.equal(status, 2, err);
  assert.match(err, reason);
}

test('measures one of what there is, or a manifest, and says so', async () => {
  await refuses(['servers'], /apps, agents, models, density, soak, hostile, or the path of a manifest/);
  await refuses(['agents', '--json', '--markdown'], /cannot be used with/);
});

test('a section is one of what is measured', async () => {
  await refuses(['agents', '--only', 'idle'], /agents has no section idle: it has boot, calls, memory, metering, snapshots, recordings/);
  await refuses(['models', '--only', 'boot'], /models has no section boot: it has throughput, apps, start/);
  await refuses(['density', '--only', 'cold'], /density has no section cold: it has deployed, residents/);
  await refuses(['--only', 'boot'], /apps has no section boot/);
  await refuses(['soak', '--only', 'boot'], /soak is measured as a whole/);
  await refuses(['agent.nano', '--only', 'boot'], /one agent is measured as a whole/);
});

test('cells are for density', async () => {
  await refuses(['hostile', '--cells', '2'], /--cells is for density/);
  await refuses(['density', '--cells', '0'], /whole number from 1 to 99/);
});

test('a manifest that is not there is no usage error', async () => {
  const [status, err] = await bench('nowhere/agent.nano');
  assert.equal(status, 1);
  assert.match(err, /nowhere\/agent\.nano/);
});
