/** Every hostile program of bench/hostile beside a victim under load. The bench runs them one by one and says more. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BenchScope } from '../../../bench/bench-scope.ts';
import { DEFENCES } from '../../../bench/hostile/defences.ts';
import { deployPrograms, VICTIM, WALL_MS_MAX } from '../../../bench/hostile/deploy-programs.ts';
import { GROUPS, readPrograms, type Program } from '../../../bench/hostile/read-programs.ts';
import { batches } from '../../../bench/hostile/run/batches.ts';
import { startHostileOrigin } from '../../../bench/hostile/run/hostile-origin.ts';
import { HostileHost } from '../../../bench/hostile/run/hostile-host.ts';
import { score, type Score } from '../../../bench/hostile/run/score.ts';
import { VictimWatch } from '../../../bench/hostile/victim/victim-watch.ts';
import { exitOnSigterm } from '../../support/exit-on-sigterm.ts';

const AT_ONCE = 4;
const OPTIONS = { waitMsMax: WALL_MS_MAX + 10_000, patienceMs: 40_000 };
const LINUX_ONLY = process.platform === 'linux' ? false : 'it looks at processes in /proc';

const programs = readPrograms();
exitOnSigterm();

describe('hostile programs', { skip: LINUX_ONLY }, () => {
  test('there are many, of every group, and each names its defence', () => {
    assert.ok(programs.length >= 80, `${programs.length} programs`);
    for (const group of GROUPS) assert.ok(programs.some((program) => program.group === group), group);
    assert.equal(new Set(programs.map(({ mechanism }) => mechanism)).size, programs.length);
    for (const { name, defence } of programs) assert.ok(DEFENCES[defence] !== undefined, `${name} names ${defence}`);
  });

  describe('are contained, and the victim loses nothing', { concurrency: 1 }, () => {
    let stage: Stage | undefined;
    before(async () => {
      stage = await openStage();
    });
    after(() => stage?.close());
    for (const batch of batches(programs, AT_ONCE)) {
      test(batch.map(({ name }) => name).join(', '), async (t) => {
        for (const one of await stage!.run(batch)) await t.test(one.program.name, () => assertContained(one));
      });
    }
  });
});

interface Stage {
  run(batch: readonly Program[]): Promise<Score[]>;
  close(): Promise<void>;
}

async function openStage(): Promise<Stage> {
  const scope = new BenchScope(new AbortController().signal);
  const origin = await startHostileOrigin();
  const close = async (): Promise<void> => {
    origin.close();
    await scope.close();
  };
  try {
    const configFile = await deployPrograms(scope.folder, programs);
    const host = new HostileHost(scope, { folder: join(scope.folder, 'apps'), configFile, dataDir: join(scope.folder, 'data') });
    await host.whenReady();
    const watch = new VictimWatch(scope, { port: host.appsPort, host: `${VICTIM}.localhost` });
    return {
      run: (batch) => score(host, watch, batch, { ...OPTIONS, originUrl: origin.url }),
      async close() {
        await host.kill();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function assertContained({ program, escapes, outcomes }: Score): void {
  assert.deepEqual(escapes, [], `${describeProgram(program)}: ${[...outcomes].map(([kind, times]) => `${kind} ${times} times`).join(', ')}`);
}

function describeProgram({ group, name, mechanism, defence }: Program): string {
  return `${group}: ${name}, ${mechanism}; ${defence} should stop it`;
}
