import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CpuShares, type Work } from './cpu-shares.ts';

/** Worker threads whose time the test decides. */
class Machine {
  nowMs = 0;
  cpuMs = 0;
  readonly shares = new CpuShares(() => this.cpuMs, () => this.nowMs);

  begin(): Work & { ms: number } {
    const work = { ms: 0, insideMs: () => work.ms };
    this.shares.begin(work);
    return work;
  }

  /** `passedMs` pass, in which those at work are inside and use `cpuMs` of all cores together. */
  pass(passedMs: number, cpuMs: number, ...inside: { ms: number }[]): void {
    this.nowMs += passedMs;
    this.cpuMs += cpuMs;
    for (const work of inside) work.ms += passedMs;
  }
}

describe('CpuShares', () => {
  it('charges work that has the machine to itself what it used', () => {
    const machine = new Machine();
    const work = machine.begin();
    machine.pass(30, 30, work);
    assert.equal(machine.shares.end(work), 30);
  });

  it('charges no time in which the machine ran others', () => {
    const machine = new Machine();
    const work = machine.begin();
    machine.pass(100, 20, work);
    assert.equal(machine.shares.end(work), 20);
  });

  it('charges work beside a hog on a crowded machine its own part, and the hog the rest', () => {
    const machine = new Machine();
    const hog = machine.begin();
    machine.pass(50, 50, hog);
    machine.shares.read();
    const work = machine.begin();
    for (let i = 0; i < 10; i++) {
      machine.pass(5, 4, hog, work);
      machine.shares.read();
    }
    assert.equal(machine.shares.end(work), 20);
    assert.equal(machine.shares.chargeMs(hog), 70);
  });

  it('divides what was used and no more, by the time that each had a thread', () => {
    const machine = new Machine();
    const [long, short] = [machine.begin(), machine.begin()];
    machine.pass(6, 4, long);
    machine.pass(2, 4, long, short);
    const charges = [machine.shares.end(short), machine.shares.end(long)];
    assert.deepEqual(charges, [1.6, 6.4]);
  });

  it('never charges more than the time inside, whatever other threads used', () => {
    const machine = new Machine();
    const work = machine.begin();
    machine.pass(10, 40, work);
    assert.equal(machine.shares.end(work), 10);
  });

  it('makes up for a reading that came late', () => {
    const machine = new Machine();
    const work = machine.begin();
    machine.pass(5, 0, work);
    machine.shares.read();
    assert.equal(machine.shares.chargeMs(work), 0);
    machine.pass(5, 10, work);
    machine.shares.read();
    assert.equal(machine.shares.chargeMs(work), 10);
  });

  it('charges others nothing for short work that ended between readings', () => {
    const machine = new Machine();
    machine.pass(6, 0);
    const work = machine.begin();
    const short = Array.from({ length: 20 }, () => machine.begin());
    for (const one of short) {
      machine.pass(0.2, 0.2, one);
      assert.equal(machine.shares.end(one), 0.2);
    }
    machine.pass(4, 4, work);
    assert.ok(Math.abs(machine.shares.end(work) - 4) < 1e-9);
  });

  it('keeps what was used before the work began out of it', () => {
    const machine = new Machine();
    machine.pass(1_000, 1_000);
    const work = machine.begin();
    machine.pass(10, 3, work);
    assert.equal(machine.shares.end(work), 3);
  });

  it('charges nothing for a reading below the one before, nor twice what it had seen', () => {
    const machine = new Machine();
    const work = machine.begin();
    machine.pass(10, 10, work);
    machine.shares.read();
    machine.pass(1, -2, work);
    machine.shares.read();
    assert.equal(machine.shares.chargeMs(work), 10);
    machine.pass(1, 3, work);
    assert.equal(machine.shares.end(work), 11);
  });

  it('knows nothing of work that has ended', () => {
    const machine = new Machine();
    const work = machine.begin();
    machine.pass(1, 1, work);
    machine.shares.end(work);
    assert.deepEqual([machine.shares.end(work), machine.shares.chargeMs(work)], [0, 0]);
  });
});
