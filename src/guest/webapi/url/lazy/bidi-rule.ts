/**
 * The Bidi rule, https://www.rfc-editor.org/rfc/rfc5893#section-2: what a label of a domain with right-to-left text may be made of.
 * Bidi_Class, which no regular expression knows, is told from general categories and the blocks of right-to-left scripts; the tables hold
 * the exceptions.
 */
import { rangesToClass } from './joining-types.ts';

/** Blocks whose characters are R or AL, assigned or not, unless another class below takes them. */
const rightToLeftBlocks = '590-8ff fb1d-fdff fe70-feff 10800-10fff 1e800-1efff';
const arabicNumbers = '600-605 660-669 66b-66c 6dd 890-891 8e2 10d30-10d39 10e60-10e7e';
const europeanNumbers = '30-39 6f0-6f9 102e1-102fb';

/** ES, CS, ET, ON and BN in blocks of right-to-left scripts. */
const neutralAmongRightToLeft = '606-607 609-60a 60c 60e-60f 66a 6de 6e9 7f6-7f9 fd3e-fd4f fdcf fdfd-fdff 1091f 10b39-10b3f 1eef0-1eef1';

/** ES, CS, ET, ON and BN that are neither symbols nor punctuation, or belong to one script. */
const neutralThoughLetter =
  '2b9-2ba 2c6-2cf 2ea-2ec 375 3f6 58a 58d-58f 9f2-9f3 9fb af1 bf3-bfa c78-c7e f3a-f3d 1390-1399 1400 169b-169c 17db 17f0-17f9 1800-1801 1804 1806-180a 1940 1944-1945 19de-19ff ' +
  '200c-200d 24eb-24ff 2776-2793 2ce5-2cea 2cf9-2cff 2e2f 2e80-2e99 2e9b-2e9e 2ea0-2ef2 a490-a4c6 a60d-a60f a673 a67e-a67f a717-a71f a788 a828-a82b a874-a877 10140-1018c 101a0 ' +
  '11052-11065 11660-1166c 11fd5-11ff1 16fe2 1d200-1d241 1d245 1e2ff 1f10b-1f10c';

/** L, though a symbol or punctuation of no one script. */
const leftToRightThoughSymbol =
  '964-965 10fb 16eb-16ed 1735-1736 1cd3 214f 2336-237a 2395 26ac 3190-3191 327f a789-a78a a836-a837 a92e ab5b 10100 10102 10137-1013f 101d0-101fc 1cf50-1cfc3 1d000-1d0f5 ' +
  '1d100-1d126 1d129-1d15d 1d16a-1d16c 1d183-1d184 1d18c-1d1a9 1d1ae-1d1ba 1d1c1-1d1e8 1f150-1f169 1f170-1f18f 1f191-1f1ac 1f1e6-1f1ff';

/** Marks that are L, not NSM. */
const leftToRightMarks = 'cbf cc6 11a07-11a08 11c3f';

/** `R` stands for AL too, `O` for ES, CS, ET, ON and BN. */
type BidiClass = 'L' | 'R' | 'A' | 'E' | 'M' | 'O';

/** The first that matches decides. */
const classes: readonly (readonly [BidiClass, RegExp])[] = [
  ['L', new RegExp(`[${rangesToClass(leftToRightMarks)}]`, 'u')],
  ['M', /[\p{Mn}\p{Me}\u{1171e}]/u],
  ['E', new RegExp(`[${rangesToClass(europeanNumbers)}]`, 'u')],
  ['A', new RegExp(`[${rangesToClass(arabicNumbers)}]`, 'u')],
  ['O', new RegExp(`[${rangesToClass(neutralAmongRightToLeft)}${rangesToClass(neutralThoughLetter)}]`, 'u')],
  ['R', new RegExp(`[${rangesToClass(rightToLeftBlocks)}]`, 'u')],
  ['L', new RegExp(`[${rangesToClass(leftToRightThoughSymbol)}]`, 'u')],
  ['O', /(?=[\p{S}\p{P}])[\p{Script=Common}\p{Script=Inherited}]/u],
];

/** True unless the domain has right-to-left text and one of its labels breaks the rule. Labels are Unicode, not Punycode. */
export function followsBidiRule(labels: readonly string[]): boolean {
  const classified = labels.map((label) => Array.from(label, bidiClass).join(''));
  return !classified.some((label) => /[RA]/.test(label)) || classified.every((label) => label === '' || isRightToLeft(label) || isLeftToRight(label));
}

function bidiClass(character: string): BidiClass {
  return classes.find(([, members]) => members.test(character))?.[0] ?? 'L';
}

/** Conditions 1 to 4 */
function isRightToLeft(label: string): boolean {
  return /^R[RAEOM]*$/.test(label) && /[RAE]M*$/.test(label) && !(label.includes('A') && label.includes('E'));
}

/** Conditions 1, 5 and 6 */
function isLeftToRight(label: string): boolean {
  return /^L[LEOM]*$/.test(label) && /[LE]M*$/.test(label);
}
