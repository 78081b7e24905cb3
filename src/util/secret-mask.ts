import { PatternFinder } from './pattern-finder.ts';
import { secretForms } from './secret-forms.ts';

const REPLACEMENT = '[secret]';
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);
const PEM_ARMOUR = /^-----(?:BEGIN|END) [A-Z0-9 ]+-----$/;

/**
 * Puts `[secret]` in place of known values: as they are, escaped for JSON, percent-encoded, in hexadecimal or base64 (see `secretForms`).
 * Of a value of several lines, each line is masked by itself too. What overlaps is masked as one.
 *
 * Time is linear in what is masked. A value that is cut in two is not found, nor one that was changed in other ways.
 */
export class SecretMask {
  /** Shorter values, in UTF-16 units, are not masked: they would be found everywhere. */
  static readonly charactersMin = 6;

  /** The forms of all values together, in UTF-16 units. Past that, values are masked as they are before forms of others are; the rest is not. */
  static readonly formUnitsMax = 262_144;

  readonly #finder: PatternFinder | undefined;

  constructor(values: Iterable<string>) {
    const forms = formsOf(new Set(Array.from(values, partsOf).flat()));
    // its own mark is a pattern too: what is masked already stays as it is
    if (forms.size > 0) this.#finder = new PatternFinder([...forms, REPLACEMENT]);
  }

  /** The text itself when nothing is to be masked. */
  text(text: string): string {
    const spans = this.#finder?.inText(text) ?? [];
    if (spans.length === 0) return text;
    let masked = '';
    let from = 0;
    for (const { start, end } of spans) {
      masked += text.slice(from, start) + REPLACEMENT;
      from = end;
    }
    return masked + text.slice(from);
  }

  /** The same for text in UTF-8, or in any superset of ASCII; other bytes stay as they are. The array itself when nothing is to be masked. */
  bytes(bytes: Uint8Array): Uint8Array {
    const spans = this.#finder?.inBytes(bytes) ?? [];
    if (spans.length === 0) return bytes;
    const pieces: Uint8Array[] = [];
    let from = 0;
    for (const { start, end } of spans) {
      pieces.push(bytes.subarray(from, start), REPLACEMENT_BYTES);
      from = end;
    }
    return Buffer.concat([...pieces, bytes.subarray(from)]);
  }
}

/** A value, and its lines, without the space around them. */
function partsOf(value: string): string[] {
  const lines = value.split(/[\r\n]+/).map((line) => line.trim());
  const secret = lines.filter((line) => !PEM_ARMOUR.test(line));
  return [value, value.trim(), ...secret].filter(({ length }) => length >= SecretMask.charactersMin);
}

function formsOf(parts: ReadonlySet<string>): ReadonlySet<string> {
  const forms = new Set<string>();
  let roomUnits: number = SecretMask.formUnitsMax;
  const add = (form: string): void => {
    if (forms.has(form) || form.length > roomUnits) return;
    forms.add(form);
    roomUnits -= form.length;
  };
  for (const part of parts) add(part);
  for (const part of parts) {
    // hexadecimal and the ways of base64 take this much
    if (part.length * 8 <= roomUnits) for (const form of secretForms(part)) add(form);
  }
  return forms;
}
