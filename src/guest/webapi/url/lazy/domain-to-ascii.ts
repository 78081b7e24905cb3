/**
 * https://url.spec.whatwg.org/#concept-domain-to-ascii (with beStrict false). UTS #46's mapping is computed from the engine's Unicode
 * data (compatibility composition and case folding) instead of read from its table; the README says where that can differ.
 */
import { followsBidiRule } from './bidi-rule.ts';
import { joinsLeft, joinsRight, rangesToClass } from './joining-types.ts';
import { punycodeDecode, punycodeEncode } from './punycode.ts';

const ignored = /(?!\u200c|\u200d|[\u{e0001}\u{e0020}-\u{e007f}\p{Bidi_Control}\p{Cn}])\p{Default_Ignorable_Code_Point}/gu;
const otherDots = /[\u3002\uff0e\uff61]/g;
/** Characters whose compatibility form has a full stop in it */
const hiddenDots = /[\u2024-\u2026\u2488-\u249b\u33c2\u33c7\u33d8\ufe12\ufe19\ufe30\ufe52\u{1f100}]/u;
/** Unassigned, private use, surrogates, separators, C1 and format controls but the joiners, replacement characters and ideographic description */
const disallowed = /(?![\u200c\u200d])[\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Z}\u0080-\u009f\u2ff0-\u2fff\u31ef\ufff9-\ufffd]/u;
const leadingMark = /^\p{M}/u;
const viramas =
  '94d 9cd a4d acd b4d bcd c4d ccd d3b d3c d4d dca e3a eba f84 1039 103a 1714 1734 17d2 1a60 1b44 1baa 1bab 1bf2 1bf3 2d7f a806 a8c4 a953 a9c0 aaf6 abed ' +
  '10a3f 11046 1107f 110b9 11133 11134 111c0 11235 112ea 1134d 11442 114c2 115bf 1163f 116b6 1172b 11839 1193d 1193e 119e0 11a34 11a47 11a99 11c3f 11d44 11d45 11d97';

/** The ASCII form, or null when the domain is none. Does not look at forbidden code points. */
export function domainToAscii(domain: string): string | null {
  if (hiddenDots.test(domain)) return null;
  const labels: string[] = [];
  for (const mapped of mapDomain(domain).split('.')) {
    const label = labelToUnicode(mapped);
    if (label === null) return null;
    labels.push(label);
  }
  return followsBidiRule(labels) ? labels.map((label) => (isAscii(label) ? label : `xn--${punycodeEncode(label)}`)).join('.') : null;
}

/** The label as it is without Punycode, or null when it is not valid. */
function labelToUnicode(label: string): string | null {
  if (isAscii(label) && !label.startsWith('xn--')) return label;
  const decoded = label.startsWith('xn--') ? punycodeDecode(label.slice(4)) : label;
  if (decoded === null || isAscii(decoded) || !isValidLabel(decoded)) return null;
  return decoded === label || (mapDomain(decoded) === decoded && `xn--${punycodeEncode(decoded)}` === label) ? decoded : null;
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

/** The mapping step of https://www.unicode.org/reports/tr46/#Processing, nontransitional */
function mapDomain(domain: string): string {
  const folded = fold(domain.replace(ignored, '').normalize('NFKC').replace(ignored, ''));
  return folded.normalize('NFKC').replace(otherDots, '.');
}

/** Full case folding, but ß, ς and ı stay (so do they in UTS #46), and Cherokee folds to upper case. */
function fold(text: string): string {
  return text.replace(/[^\0-\x7f]|[A-Z]/gu, (character) => {
    if (character === '\u1e9e') return 'ß';
    if (/[\u00df\u03c2\u0131]/.test(character)) return character;
    const upper = character.toUpperCase();
    return /^[\u13a0-\u13f5]$/.test(upper) ? upper : upper.toLowerCase();
  });
}

/** https://www.unicode.org/reports/tr46/#Validity_Criteria of one label, with CheckHyphens false */
function isValidLabel(label: string): boolean {
  return !label.startsWith('xn--') && !disallowed.test(label) && !leadingMark.test(label) && !label.includes('.') && hasValidJoiners(label);
}

/** RFC 5892 appendix A.1 and A.2 */
function hasValidJoiners(label: string): boolean {
  if (!/[\u200c\u200d]/.test(label)) return true;
  const before = rangesToClass(joinsLeft);
  const after = `${before}${rangesToClass(joinsRight)}`;
  const valid = new RegExp(`(?<=[${rangesToClass(viramas)}])[\\u200c\\u200d]|(?<=[${before}][\\p{Mn}\\p{Me}]*)\\u200c(?=[\\p{Mn}\\p{Me}]*[${after}])`, 'gu');
  return !/[\u200c\u200d]/.test(label.replace(valid, ''));
}
