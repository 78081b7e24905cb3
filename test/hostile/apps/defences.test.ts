/** The scoreboard can fail: without its defence, a hostile program gets through. Each in a host composed for it (bench/hostile/defences.ts). */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BenchScope } from '../../../bench/bench-scope.ts';
import { DEFENCES, type Defence } from '../../../bench/hostile/defences.ts';
import { deployPrograms } from '../../../bench/hostile/deploy-programs.ts';
import { readPrograms, type Program } from '../../../bench/hostile/read-programs.ts';
import { attack } from '../../../bench/hostile/run/attack.ts';
import { HostileHost, type HostOptions } from '../../../bench/hostile/run/hostile-host.ts';
import { startHostileOrigin } from '../../../bench/hostile/run/hostile-origin.ts';

/** What is not over by then gets through: a defence that holds answers well before. */
const PATIENCE = { waitMsMax: 3_000, patienceMs: 3_000 };
const LINUX_ONLY = process.platform === 'linux' ? false : 'it looks at processes in /proc';

const programs = new Map(readPrograms().map((program) => [program.name, program]));
const origin = await startHostileOrigin();
after(() => origin.close());

type Folders = Omit<HostOptions, 'without'>;

function foldersIn(scope: BenchScope, configFile: string): Folders {
  return { folder: join(scope.folder, 'apps'), configFile, dataDir: join(scope.folder, 'data') };
}

function buildsAnew({ edits }: Defence): boolean {
  return edits.some(({ of }) => of === 'builder' || of === 'guest');
}

function demonstratorOf(defence: string): Program {
  const shownBy = DEFENCES[defence]?.shownBy ?? '';
  const program = programs.get(shownBy);
  assert.ok(program, `There is no program ${shownBy}`);
  assert.equal(program.defence, defence);
  return program;
}

async function assertGetsThrough(scope: BenchScope, defence: string, program: Program, folders: Folders): Promise<void> {
  const host = new HostileHost(scope, { ...folders, without: defence });
  try {
    await host.whenReady();
    const { escapes } = await attack(host, program, { ...PATIENCE, originUrl: origin.url });
    assert.notDeepEqual(escapes, [], `${program.name} is contained without ${defence} too: something else stops it`);
  } finally {
    await host.kill();
  }
}

/** Each takes a host of its own: `npm run defences` runs all, the other tests come with one of four. */
const SAMPLE = process.env['NANOS_DEFENCES'] === 'all' ? 1 : 4;

describe('without', { skip: LINUX_ONLY, concurrency: 2 }, () => {
  const names = Object.keys(DEFENCES).filter((_, index) => index % SAMPLE === 0);

  describe('what cells and the supervisor do', { concurrency: 1 }, () => {
    const scope = new BenchScope(new AbortController().signal);
    const taken = names.filter((defence) => !buildsAnew(DEFENCES[defence]!));
    let folders: Folders;

    // the artefacts are those of a whole host: one build serves all
    before(async () => {
      folders = foldersIn(scope, await deployPrograms(scope.folder, taken.map((defence) => demonstratorOf(defence))));
      const host = new HostileHost(scope, folders);
      await host.whenReady();
      await host.kill();
    });
    after(() => scope.close());
    for (const defence of taken) test(defence, () => assertGetsThrough(scope, defence, demonstratorOf(defence), folders));
  });

  describe('what the builder and the guest do', { concurrency: 1 }, () => {
    const taken = names.filter((defence) => buildsAnew(DEFENCES[defence]!));
    for (const defence of taken) {
      test(defence, async () => {
        const scope = new BenchScope(new AbortController().signal);
        try {
          const program = demonstratorOf(defence);
          await assertGetsThrough(scope, defence, program, foldersIn(scope, await deployPrograms(scope.folder, [program])));
        } finally {
          await scope.close();
        }
      });
    }
  });
});
