import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countSchema, durationSchema, parseCount, parseDuration, sizeSchema } from './written-units.ts';

describe('parseDuration', () => {
  it('reads whole milliseconds', () => {
    const durations = { '500ms': 500, '30s': 30_000, '5m': 300_000, '1.5h': 5_400_000, '2 d': 172_800_000, '0.001s': 1, '0.1s': 100 };
    for (const [text, ms] of Object.entries(durations)) assert.equal(parseDuration(text), ms, text);
  });
  it('refuses everything else', () => {
    for (const text of ['', '30', 's', '30S', '-1s', '1e3s', '0.5ms', '30  s', '30s ', '1w', '1,5s']) assert.equal(parseDuration(text), undefined, text);
  });
});

describe('parseCount', () => {
  it('reads whole numbers exactly', () => {
    const counts = { 10: 10n, '5k': 5_000n, '2.5M': 2_500_000n, '10B': 10_000_000_000n, '0.000001t': 1_000_000n, '1 B': 1_000_000_000n, '999999999999999T': 999_999_999_999_999_000_000_000_000n };
    for (const [text, count] of Object.entries(counts)) assert.equal(parseCount(text), count, text);
  });
  it('refuses everything else', () => {
    for (const text of ['', 'B', '1.5', '1.0005k', '-1', '1e9', '0x10', '1_000', '1g', ' 1', '1000000000000000']) assert.equal(parseCount(text), undefined, text);
  });
});

describe('written amounts', () => {
  it('hold to their range, at the bound and one past it', () => {
    const size = sizeSchema(1024 * 1024, 65_536);
    for (const [written, bytes] of [['64KB', 65_536], ['64KiB', 65_536], ['1mb', 1_048_576], [1, 1_048_576], [0.5, 524_288]] as const) assert.equal(size.parse(written), bytes);
    for (const written of ['1.0625MB', '100KB', 0, '0MB', -1, '1', true, null]) assert.ok(!size.safeParse(written).success, String(written));
    const duration = durationSchema(3_600_000);
    assert.equal(duration.parse('1h'), 3_600_000);
    for (const written of ['3600001ms', '0s', 30]) assert.ok(!duration.safeParse(written).success, String(written));
    const count = countSchema(10_000_000_000n);
    assert.equal(count.parse('10B'), 10_000_000_000n);
    assert.equal(count.parse(1), 1n);
    for (const written of ['10000000001', 0, 1.5, 2 ** 53, Number.NaN]) assert.ok(!count.safeParse(written).success, String(written));
  });
});
