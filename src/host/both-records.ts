import type { TurnRecord } from '../apps/run/entry-scheduler.ts';

/** Tells both of every turn. */
export function bothRecords(first: TurnRecord, second: TurnRecord): TurnRecord {
  const turns = new Map<number, readonly [number, number]>();
  let last = 0;
  return {
    begin(app) {
      turns.set(++last, [first.begin(app), second.begin(app)]);
      return last;
    },
    end(turn) {
      const [ofFirst = 0, ofSecond = 0] = turns.get(turn) ?? [];
      turns.delete(turn);
      first.end(ofFirst);
      second.end(ofSecond);
    },
  };
}
