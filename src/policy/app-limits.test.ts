import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_APP_LIMITS } from '../protocol/limits.ts';
import { defaultOperatorPolicy, operatorFileSchema } from '../protocol/operator.ts';
import { describeDenied, effectiveLimits } from './app-limits.ts';

const operator = operatorFileSchema.parse({
  limits: { cpu_ms: 20 },
  limits_max: { memory: '256MB', cpu_ms: 40 },
  tenants: { big: { limits: { memory: '512MB', wall_ms: 100 } }, small: { limits: { memory: 64 } } },
});

describe('effectiveLimits', () => {
  it('gives the defaults to an app that asks for nothing', () => {
    assert.deepEqual(effectiveLimits({}, defaultOperatorPolicy(), 'a'), DEFAULT_APP_LIMITS);
    assert.deepEqual(effectiveLimits({}, operator, 'a'), { ...DEFAULT_APP_LIMITS, cpuMsMax: 20 });
  });
  it('lowers every limit as far as the app asks', () => {
    const one = { memoryMbMax: 1, cpuMsMax: 1, startupMsMax: 1, wallMsMax: 1, subrequestsMax: 1, requestBodyBytesMax: 1, inFlightMax: 1, queuedMax: 1 };
    assert.deepEqual(effectiveLimits(one, operator, 'a'), one);
  });
  it('raises only up to the ceiling', () => {
    const limits = effectiveLimits({ memoryMbMax: 256, cpuMsMax: 41, wallMsMax: 30_001 }, operator, 'a');
    assert.deepEqual([limits.memoryMbMax, limits.cpuMsMax, limits.wallMsMax], [256, 40, 30_000]);
  });
  it('takes the word for one app as value and ceiling', () => {
    assert.equal(effectiveLimits({}, operator, 'big').memoryMbMax, 512);
    assert.equal(effectiveLimits({ memoryMbMax: 1024 }, operator, 'big').memoryMbMax, 512);
    assert.equal(effectiveLimits({ memoryMbMax: 100, wallMsMax: 101 }, operator, 'big').memoryMbMax, 100);
    assert.equal(effectiveLimits({ wallMsMax: 101 }, operator, 'big').wallMsMax, 100);
    assert.equal(effectiveLimits({ memoryMbMax: 256 }, operator, 'small').memoryMbMax, 64);
    assert.equal(effectiveLimits({ cpuMsMax: 40 }, operator, 'small').cpuMsMax, 40);
  });
  it('knows nothing of apps that are named like parts of an object', () => {
    assert.deepEqual(effectiveLimits({}, operator, 'constructor'), { ...DEFAULT_APP_LIMITS, cpuMsMax: 20 });
  });
});

describe('describeDenied', () => {
  it('names each limit that was cut, and only those', () => {
    const request = { memoryMbMax: 512, cpuMsMax: 30, wallMsMax: 60_000, subrequestsMax: 99, requestBodyBytesMax: 2 ** 30 };
    assert.deepEqual(describeDenied(request, effectiveLimits(request, operator, 'a')), [
      'memory: 512 MB asked for, 256 MB granted',
      'wall_ms: 60000 ms asked for, 30000 ms granted',
      'subrequests: 99 asked for, 50 granted',
      'body: 1073741824 bytes asked for, 104857600 bytes granted',
    ]);
  });
  it('is silent when everything was granted', () => {
    assert.deepEqual(describeDenied({ cpuMsMax: 5 }, effectiveLimits({ cpuMsMax: 5 }, operator, 'a')), []);
  });
});
