import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from './test-properties.ts';
import { PatternFinder, type Span } from './pattern-finder.ts';

describe('PatternFinder', () => {
  it('finds what a search for each pattern at each place finds', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '字'), minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '字', '\u{1f600}'), maxLength: 40 }), (patterns, text) => {
        assert.deepEqual(new PatternFinder(patterns).inText(text), searched(patterns, text));
      }),
    );
  });

  it('finds in bytes what it finds in the text of these units', () => {
    const unit = fc.constantFrom('a', 'b', '\xe9', '\xff');
    fc.assert(
      fc.property(fc.array(fc.string({ unit, minLength: 1, maxLength: 4 }), { maxLength: 4 }), fc.string({ unit, maxLength: 30 }), (patterns, text) => {
        const finder = new PatternFinder(patterns);
        assert.deepEqual(finder.inBytes(Buffer.from(text, 'latin1')), finder.inText(text));
      }),
    );
  });

  it('gives overlapping occurrences as one, and those side by side each', () => {
    const finder = new PatternFinder(['abab', 'xyz']);
    assert.deepEqual(finder.inText('-ababab-xyzxyz'), [
      { start: 1, end: 7 },
      { start: 8, end: 11 },
      { start: 11, end: 14 },
    ]);
  });

  it('finds nothing without patterns', () => {
    assert.deepEqual(new PatternFinder([]).inText('\0abc'), []);
  });
});

function searched(patterns: readonly string[], text: string): Span[] {
  const found: Span[] = [];
  for (const pattern of patterns) {
    for (let start = text.indexOf(pattern); start >= 0; start = text.indexOf(pattern, start + 1)) found.push({ start, end: start + pattern.length });
  }
  const spans: Span[] = [];
  for (const { start, end } of found.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = spans.at(-1);
    if (last !== undefined && start < last.end) spans[spans.length - 1] = { start: last.start, end: Math.max(last.end, end) };
    else spans.push({ start, end });
  }
  return spans;
}
