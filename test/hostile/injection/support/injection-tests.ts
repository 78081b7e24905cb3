import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { secretForms } from '../../../../src/util/secret-forms.ts';
import { assertAudited } from './assert-audited.ts';
import type { Injection, Played } from './injection.ts';
import { Stage } from './stage.ts';

/** Hosts whose owner is not the attacker: to talk to them is the agent's work. */
const FRIENDS: ReadonlySet<string> = new Set(['docs.example']);
const ANSWER_CHARACTERS_MAX = 300;

/** Plays each twice: it is refused by its rule, and happens where that is granted. */
export async function injectionTests(family: string, injections: readonly Injection[]): Promise<void> {
  const stage = await Stage.open();
  describe(`injection: ${family}`, () => {
    after(() => stage.close());
    it('each mechanism is another', () => assert.equal(new Set(injections.map(({ mechanism }) => mechanism)).size, injections.length));
    for (const injection of injections) {
      it(`${injection.mechanism}: refused, and done with ${injection.control}`, async () => {
        assertRefused(injection, await stage.play((place) => injection.scene(place, false)));
        assertDone(injection, await stage.play((place) => injection.scene(place, true)));
      });
    }
  });
}

function assertRefused({ syscall, rule: written, mayKnow, friendsMayKnow, end = 'done', happened }: Injection, played: Played): void {
  const { place } = played;
  const named = written.replace('PORT', String(place.port));
  const seen = describePlay(played);
  // each attempt is on the audit log
  const refused = assertAudited(played);
  // the call came to the gate, and the gate says which rule decided
  assert.notEqual(refused.length, 0, `nothing was denied:\n${seen}`);
  for (const { syscall: called, denied = '' } of refused) {
    assert.ok(called === syscall && (named.endsWith('…') ? denied.startsWith(named.slice(0, -1)) : denied === named), `${called}: ${denied}\n${seen}`);
  }
  assert.equal(played.end, end, seen);
  // and nothing happened
  assert.equal(happened(played), false, `it happened:\n${seen}`);
  assertNothingOutside(played);
  assertUntold(played, { mayKnow: mayKnow === true, friendsMayKnow: friendsMayKnow === true });
}

function assertDone({ happened, control }: Injection, played: Played): void {
  const seen = describePlay(played);
  assert.deepEqual(played.answers.filter(({ denied }) => denied !== undefined), [], seen);
  assert.ok(happened(played), `with ${control} it did not happen:\n${seen}`);
}

function assertNothingOutside({ before, after: now, sent }: Played): void {
  assert.deepEqual(now, before);
  assert.deepEqual(sent.filter(({ host }) => !FRIENDS.has(host)), []);
}

/** In no form, and nowhere where it was not. */
function assertUntold({ place, sent, lookups, journal, lines, told }: Played, { mayKnow, friendsMayKnow }: { readonly mayKnow: boolean; readonly friendsMayKnow: boolean }): void {
  const requests = sent.filter(({ host }) => !friendsMayKnow || !FRIENDS.has(host)).map(({ text }) => text);
  const places = { requests, lookups, ...(mayKnow ? {} : { journal: [journal], lines, model: told }) };
  for (const [where, texts] of Object.entries(places)) {
    for (const form of secretForms(place.canary)) assert.ok(!texts.some((text) => text.includes(form)), `the secret is in ${where}, as ${form}`);
  }
}

/** For messages. */
function describePlay({ lines, answers, end, message }: Played): string {
  return [...lines, ...answers.map((answer) => JSON.stringify(answer).slice(0, ANSWER_CHARACTERS_MAX)), `${end}: ${message}`].join('\n');
}
