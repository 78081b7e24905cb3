import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionStore } from './session-store.ts';

const HOUR_MS = 3_600_000;

test('sessions end after twelve hours', () => {
  let now = 0;
  const store = new SessionStore(() => now);
  const session = store.startSession(store.issueLoginToken()) ?? '';
  now = 12 * HOUR_MS - 1;
  assert.equal(store.isSession(session), true);
  now = 12 * HOUR_MS;
  assert.equal(store.isSession(session), false);
});

test('login tokens end after a day, and are no sessions', () => {
  let now = 0;
  const store = new SessionStore(() => now);
  const token = store.issueLoginToken();
  assert.equal(store.isSession(token), false);
  now = 24 * HOUR_MS;
  assert.equal(store.startSession(token), undefined);
});

test('the oldest of too many sessions makes room', () => {
  const store = new SessionStore();
  const sessions = Array.from({ length: 101 }, () => store.startSession(store.issueLoginToken()) ?? '');
  assert.equal(store.isSession(sessions[0] ?? ''), false);
  assert.equal(store.isSession(sessions[1] ?? ''), true);
  assert.equal(store.isSession(sessions[100] ?? ''), true);
});
