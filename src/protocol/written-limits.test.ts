import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { appLimitsSchema } from './limits.ts';
import { LIMIT_NAMES, writtenLimitsSchema } from './written-limits.ts';

describe('writtenLimitsSchema', () => {
  it('has a spelling for every limit', () => {
    assert.deepEqual(LIMIT_NAMES.toSorted(), Object.keys(appLimitsSchema.shape).toSorted());
    const all = { memory: 64, cpu_ms: 1, startup_ms: 2, wall_ms: 3, subrequests: 4, body: '5B', in_flight: 6, queued: 7 };
    const limits = { memoryMbMax: 64, cpuMsMax: 1, startupMsMax: 2, wallMsMax: 3, subrequestsMax: 4, requestBodyBytesMax: 5, inFlightMax: 6, queuedMax: 7 };
    assert.deepEqual(writtenLimitsSchema.parse(all), limits);
  });
  it('takes memory as a number of MB or with a unit', () => {
    for (const memory of [512, '512MB', '0.5GB', '524288 KB']) assert.equal(writtenLimitsSchema.parse({ memory }).memoryMbMax, 512);
  });
  it('holds each limit to its range', () => {
    for (const good of [{ memory: 8 }, { memory: 4096 }, { cpu_ms: 600_000 }, { queued: 100_000 }]) assert.ok(writtenLimitsSchema.safeParse(good).success);
    for (const bad of [{ memory: 7 }, { memory: 4097 }, { memory: 0.5 }, { memory: '100KB' }, { cpu_ms: 600_001 }, { cpu_ms: 0 }, { queued: 100_001 }, { body: '0B' }, { body: 5 }, { ram: 1 }]) {
      assert.ok(!writtenLimitsSchema.safeParse(bad).success, JSON.stringify(bad));
    }
  });
});
