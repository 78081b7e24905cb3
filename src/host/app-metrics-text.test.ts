import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appMetricsText } from './app-metrics-text.ts';
import { CellMetrics } from './cell-metrics.ts';

const one = new CellMetrics();
one.started('a', 4);
one.served('a', { outcome: 'ok', latencyMs: 3, cpuMs: 1 });
one.served('a', { outcome: 'ok', latencyMs: 60_000, cpuMs: 0.1 });
one.served('b', { outcome: 'overloaded', latencyMs: 1, cpuMs: 0 });
const other = new CellMetrics();
other.started('a', 6);
other.served('a', { outcome: 'cpu_limit', latencyMs: 4, cpuMs: 50 });
other.served('gone', { outcome: 'ok', latencyMs: 1, cpuMs: 1 });
other.remove('gone');

const lines = appMetricsText([one.snapshot([{ name: 'a', heapBytes: 1_000 }]), other.snapshot([{ name: 'a', heapBytes: 500 }, { name: 'c', heapBytes: 7 }])]).split('\n');

test('adds up what cells count', () => {
  const expected = [
    'nanos_app_requests_total{app="a",outcome="ok"} 2',
    'nanos_app_requests_total{app="a",outcome="cpu_limit"} 1',
    'nanos_app_requests_total{app="b",outcome="overloaded"} 1',
    'nanos_app_cold_starts_total{app="a"} 2',
    'nanos_isolates_resident 3',
    'nanos_app_memory_bytes{app="a"} 1500',
    'nanos_app_memory_bytes{app="c"} 7',
  ];
  for (const line of expected) assert.ok(lines.includes(line), line);
  assert.ok(!lines.some((line) => line.includes('"gone"')));
});

test('buckets hold what is at most their bound, and all below them', () => {
  const expected = [
    'nanos_app_request_seconds_bucket{le="0.0025",app="a"} 0',
    'nanos_app_request_seconds_bucket{le="0.005",app="a"} 2',
    'nanos_app_request_seconds_bucket{le="30",app="a"} 2',
    'nanos_app_request_seconds_bucket{le="+Inf",app="a"} 3',
    'nanos_app_request_seconds_sum{app="a"} 60.007',
    'nanos_app_request_seconds_count{app="a"} 3',
    'nanos_app_request_seconds_bucket{le="0.001",app="b"} 1',
    'nanos_app_cpu_seconds_bucket{le="0.05",app="a"} 3',
    'nanos_app_cold_start_seconds_bucket{le="0.005",app="a"} 1',
    'nanos_app_cold_start_seconds_bucket{le="0.0075",app="a"} 2',
  ];
  for (const line of expected) assert.ok(lines.includes(line), line);
});

test('an app that was never started has no cold starts to show', () => {
  assert.ok(!lines.some((line) => line.startsWith('nanos_app_cold_start') && line.includes('"b"')));
});

test('every metric says what it is before its first value', () => {
  const said = new Set<string>();
  for (const line of lines.filter((text) => text !== '')) {
    const [, , named] = /^# (?:HELP|TYPE)( )(\S+)/u.exec(line) ?? [];
    if (named !== undefined) said.add(named);
    else assert.ok([...said].some((name) => line.startsWith(name)), line);
  }
});
