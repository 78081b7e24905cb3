import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SYSCALLS } from '../protocol/agent/syscalls.ts';
import type { SyscallName } from '../protocol/agent/syscalls.ts';
import { TOOL_NAMES, grantedTools, toolAllowed, toolToApprove, toolsNamed } from './agent-tools.ts';

const names = Object.keys(SYSCALLS) as SyscallName[];

describe('toolAllowed', () => {
  it('grants what is named, and everything when nothing is said', () => {
    assert.ok(names.every((name) => toolAllowed(name, undefined).allowed));
    assert.ok(toolAllowed('fs_read', ['fs_read']).allowed);
    assert.deepEqual(toolAllowed('fs_list', ['fs_read', 'fs_stat']), { allowed: false, asked: 'tool fs_list', rule: 'tools: fs_read, fs_stat' });
    assert.deepEqual(toolAllowed('fs_read', []), { allowed: false, asked: 'tool fs_read', rule: 'tools grants nothing' });
  });
  it('needs no grant for calls that are no tools', () => {
    for (const name of ['log', 'goal', 'tools', 'done', 'exit', 'timer', 'cancel'] as const) assert.ok(toolAllowed(name, []).allowed, name);
    assert.deepEqual(names.filter((name) => toolAllowed(name, []).allowed), ['log', 'goal', 'tools', 'done', 'exit', 'timer', 'cancel']);
  });
});

describe('toolsNamed', () => {
  it('knows every tool, older names and calls that need no grant', () => {
    for (const name of TOOL_NAMES) assert.deepEqual(toolsNamed(name), [name]);
    assert.deepEqual(toolsNamed('web_get'), ['web_fetch']);
    for (const name of ['done', 'log', 'get_manifest_goal']) assert.deepEqual(toolsNamed(name), []);
    for (const name of ['', 'FS_READ', 'shell', 'constructor', '__proto__']) assert.equal(toolsNamed(name), undefined, name);
  });
});

describe('toolToApprove', () => {
  it('names the tool of a syscall that is listed, and no other', () => {
    assert.equal(toolToApprove('fs_write', ['fs_write', 'web_fetch']), 'fs_write');
    assert.equal(toolToApprove('fs_read', ['fs_write']), undefined);
    assert.deepEqual(names.filter((name) => toolToApprove(name, TOOL_NAMES) === undefined), names.filter((name) => toolAllowed(name, []).allowed));
  });
});

describe('grantedTools', () => {
  it('lists in the order of the table', () => {
    assert.deepEqual(grantedTools(undefined), TOOL_NAMES);
    assert.deepEqual(grantedTools(['web_fetch', 'fs_read']), ['fs_read', 'web_fetch']);
  });
});
