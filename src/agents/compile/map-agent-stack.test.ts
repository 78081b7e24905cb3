import assert from 'node:assert/strict';
import test from 'node:test';
import { createMapStack } from './map-agent-stack.ts';

/** Line 2, column 1 is line 7, column 3 of the source. */
const map = JSON.stringify({ version: 3, sources: ['src/agent.ts'], names: [], mappings: ';AAME' });

test('places in the script become places in the sources, wherever they stand', () => {
  const mapStack = createMapStack(map);
  assert.equal(mapStack('Error: x\n    at f (agent.js:2:1)\n    at <anonymous> (agent.js:2:9)'), 'Error: x\n    at f (src/agent.ts:7:3)\n    at <anonymous> (src/agent.ts:7:3)');
  assert.equal(mapStack('see agent.js:2:1, my-agent.js:2:1'), 'see src/agent.ts:7:3, my-agent.js:2:1');
});

test('frames that are not the agent’s are left out', () => {
  assert.equal(createMapStack(map)('E\n    at p (nanos:prelude:3:4)\n    at sdk (agent.js:1:1)\n    at map (native)\n    at f (agent.js:2:1) {\n  code: 1\n}'), 'E\n    at f (src/agent.ts:7:3) {\n  code: 1\n}');
});

test('text without places, and maps that are none', () => {
  assert.equal(createMapStack(map)('agent.js:0:0 agent.js:99999:1'), 'agent.js:0:0 agent.js:99999:1');
  for (const none of [undefined, '', 'x', '[]', '{"version":3}', '{"version":3,"sources":["a"],"mappings":[[],[null]]}']) assert.equal(createMapStack(none)('f (agent.js:2:1)'), 'f (agent.js:2:1)');
});
