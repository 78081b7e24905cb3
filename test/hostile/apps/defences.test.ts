/**
 * The scoreboard can fail: without its defence, a hostile program gets through in the way that bench/hostile/defences.ts says, each in a host composed
 * for it; on a whole host, with the same patience, it does not.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BenchScope } from '../../../bench/bench-scope.ts';
import { DEFENCES, type Defence } from '../../../bench/hostile/defences.ts';
import { deployPrograms } from '../../../bench/hostile/deploy-programs.ts';
import { readPrograms, type Program } from '../../../bench/hostile/read-programs.ts';
import { attack } from '../../../bench/hostile/run/attack.ts';
import { HostileHost, type HostOptions } from '../../../bench/hostile/run/hostile-host.ts';
import { startHostileOrigin } from '../../../bench/hostile/run/hostile-origin.ts';
import { exitOnSigterm } from '../../support/exit-on-sigterm.ts';

const WAIT_MS_MAX = 30_000;
const LINUX_ONLY = process.platform === 'linux' ? false : 'it looks at processes in /proc';

const programs = new Map(readPrograms().map((program) => [program.name, program]));
const origin = await startHostileOrigin();
after(() => origin.close());
exitOnSigterm();

type Folders = Omit<HostOptions, 'without'>;

function foldersIn(scope: BenchScope, configFile: string): Folders {
  return { folder: join(scope.folder, 'apps'), configFile, dataDir: join(scope.folder, 'data') };
}

function buildsAnew({ edits }: Defence): boolean {
  return edits.some(({ of }) => of === 'builder' || of === 'guest');
}

function demonstratorOf(defence: string): Program {
  const program = programs.get(DEFENCES[defence]!.shownBy);
  assert.ok(program, `There is no program ${DEFENCES[defence]!.shownBy}`);
  return program;
}

async function escapesOn(host: HostileHost, defence: string): Promise<readonly string[]> {
  const { waitMsMax = WAIT_MS_MAX } = DEFENCES[defence]!;
  const { escapes } = await attack(host, demonstratorOf(defence), { waitMsMax, patienceMs: waitMsMax, originUrl: origin.url });
  return escapes;
}

async function assertGetsThrough(scope: BenchScope, defence: string, folders: Folders): Promise<void> {
  const host = new HostileHost(scope, { ...folders, without: defence });
  try {
    await host.whenReady();
    const escapes = await escapesOn(host, defence);
    assert.ok(escapes.some((escape) => DEFENCES[defence]!.escape.test(escape)), `Without ${defence}, ${DEFENCES[defence]!.shownBy} does not get through as it says: ${escapes.join('; ') || 'contained'}`);
  } finally {
    await host.kill();
  }
}

/** Each takes a host of its own: `npm run defences` runs all, the other tests come with about one of four. */
function isTaken(defence: string): boolean {
  if (process.env['NANOS_DEFENCES'] === 'all') return true;
  const [first = 0] = createHash('sha256').update(`${process.env['PROPERTY_SEED'] ?? 1} ${defence}`).digest();
  return first % 4 === 0;
}

describe('without', { skip: LINUX_ONLY, concurrency: 2 }, () => {
  const taken = Object.keys(DEFENCES).filter(isTaken);
  const scope = new BenchScope(new AbortController().signal);
  const onWholeHost = new Map<string, readonly string[]>();
  let folders: Folders;

  before(async () => {
    folders = foldersIn(scope, await deployPrograms(scope.folder, taken.map(demonstratorOf)));
    const host = new HostileHost(scope, folders);
    await host.whenReady();
    for (const defence of taken) onWholeHost.set(defence, await escapesOn(host, defence));
    await host.kill();
  });
  after(() => scope.close());

  function assertHoldsOtherwise(defence: string): void {
    const { escape, shownBy } = DEFENCES[defence]!;
    assert.deepEqual(onWholeHost.get(defence)?.filter((one) => escape.test(one)), [], `${shownBy} gets through with ${defence} too`);
  }

  describe('what cells and the supervisor do', { concurrency: 1 }, () => {
    // the artefacts are those of the whole host: one build serves all
    for (const defence of taken.filter((name) => !buildsAnew(DEFENCES[name]!))) {
      test(defence, async () => {
        assertHoldsOtherwise(defence);
        await assertGetsThrough(scope, defence, folders);
      });
    }
  });

  describe('what the builder and the guest do', { concurrency: 1 }, () => {
    for (const defence of taken.filter((name) => buildsAnew(DEFENCES[name]!))) {
      test(defence, async () => {
        assertHoldsOtherwise(defence);
        const own = new BenchScope(new AbortController().signal);
        try {
          await assertGetsThrough(own, defence, foldersIn(own, await deployPrograms(own.folder, [demonstratorOf(defence)])));
        } finally {
          await own.close();
        }
      });
    }
  });
});
