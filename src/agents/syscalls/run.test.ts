import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Grant } from '../grant.ts';
import { settleGrant } from '../grant.ts';
import { SyscallError, type SyscallHandler } from '../syscall-handler.ts';
import { runSyscalls } from './run.ts';

const grant: Grant = settleGrant(
  {
    name: 'a',
    folder: '/nowhere',
    goal: 'grüße',
    binary: '/nowhere/agent.wasm',
    budgets: { memoryBytesMax: 0, stepsMax: 0, fuelMax: 0n, fuelPerResumeMax: 0n, wallMsMax: 0, tokensMax: 0 },
    permissions: { fsRead: [], fsWrite: [], network: false },
    mcpServers: [],
    tools: ['fs_write', 'fs_read'],
    approve: [],
    agents: [],
  },
  { egress: { hosts: undefined, privateRanges: [] }, withheldPaths: [], readOnlyPaths: [] },
);

function handler(name: string): SyscallHandler {
  const found = runSyscalls.find((candidate) => candidate.name === name);
  assert.ok(found !== undefined);
  return found;
}

function act(name: string, args: unknown, signal = new AbortController().signal): Uint8Array | Promise<Uint8Array> {
  return handler(name).act(handler(name).arguments.parse(args), undefined, { grant, signal });
}

describe('runSyscalls', () => {
  it('tell goal and tools at once', async () => {
    assert.equal(Buffer.from(await act('goal', {})).toString(), 'grüße');
    assert.equal(Buffer.from(await act('tools', {})).toString(), '["fs_read","fs_write"]');
    assert.ok(act('goal', {}) instanceof Uint8Array);
  });

  it('wait', async () => {
    assert.equal((await act('timer', { ms: 1 })).length, 0);
    for (const ms of [-1, Number.NaN, 2 ** 31, '1']) assert.equal(handler('timer').arguments.safeParse({ ms }).success, false);
  });

  it('stop waiting when the call is given up', async () => {
    const controller = new AbortController();
    const waiting = Promise.resolve(act('timer', { ms: 60_000 }, controller.signal));
    controller.abort();
    await assert.rejects(waiting, (error) => error instanceof SyscallError && error.code === 'aborted');
  });
});
