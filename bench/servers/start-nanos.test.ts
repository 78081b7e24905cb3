import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseColdStarts } from './start-nanos.ts';

test('reads how often each app was started', () => {
  const metrics = `# HELP nanos_app_cold_starts_total Isolates started
# TYPE nanos_app_cold_starts_total counter
nanos_app_cold_starts_total{app="a"} 1
nanos_app_cold_starts_total{app="b-2"} 12
nanos_app_requests_total{app="a",outcome="ok"} 7
`;
  assert.deepEqual([...parseColdStarts(metrics)], [['a', 1], ['b-2', 12]]);
});
