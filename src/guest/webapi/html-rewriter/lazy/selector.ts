/** Selectors as Cloudflare documents them, https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#selectors, against open elements. */
import { AttributeAction, type AttributeSelector, parse, type PseudoSelector, type Selector, SelectorType } from 'css-what';
import type { OpenElement } from './open-element.ts';

type Test = (element: OpenElement) => boolean;

/** A compound selector and how the one to its left relates to it. */
interface Compound {
  readonly tests: Test[];
  combinator: 'child' | 'descendant' | undefined;
}

/** True when `element` matches; its parents are those that are open. */
export type Matcher = (element: OpenElement) => boolean;

/** Throws a TypeError for what is no selector, or one that can't be answered while a document streams by. */
export function compileSelector(text: string): Matcher {
  if (text.trim() === '') throw unsupported('The selector is empty.');
  const alternatives = parseSelector(text).map(compile);
  return (element) => alternatives.some((compounds) => matches(element, compounds, compounds.length - 1));
}

function parseSelector(text: string): Selector[][] {
  try {
    return parse(text);
  } catch {
    throw unsupported('Unexpected token in selector.');
  }
}

function unsupported(why: string): TypeError {
  return new TypeError(`Parser error: ${why}`);
}

function compile(selectors: readonly Selector[]): Compound[] {
  let compound: Compound = { tests: [], combinator: undefined };
  const compounds = [compound];
  for (const selector of selectors) {
    if (selector.type === SelectorType.Child || selector.type === SelectorType.Descendant) {
      if (compound.tests.length === 0) throw unsupported('The selector is empty.');
      compound = { tests: [], combinator: selector.type === SelectorType.Child ? 'child' : 'descendant' };
      compounds.push(compound);
    } else compound.tests.push(testOf(selector));
  }
  if (compound.tests.length === 0) throw unsupported('Dangling combinator in selector.');
  return compounds;
}

function testOf(selector: Selector): Test {
  if ('namespace' in selector && selector.namespace !== null && selector.namespace !== '' && selector.namespace !== '*') {
    throw unsupported('Selectors with explicit namespaces are not supported.');
  }
  switch (selector.type) {
    case SelectorType.Universal:
      return () => true;
    case SelectorType.Tag:
      return tagTest(selector.name.toLowerCase());
    case SelectorType.Attribute:
      return attributeTest(selector);
    case SelectorType.Pseudo:
      return pseudoTest(selector);
    case SelectorType.Adjacent:
      throw unsupported('Unsupported combinator `+` in selector.');
    case SelectorType.Sibling:
      throw unsupported('Unsupported combinator `~` in selector.');
    case SelectorType.PseudoElement:
      throw unsupported('Unsupported pseudo-class or pseudo-element in selector.');
    default:
      throw unsupported('Unexpected token in selector.');
  }
}

function tagTest(wanted: string): Test {
  return ({ name }) => name === wanted;
}

function attributeTest({ name, action, value, ignoreCase }: AttributeSelector): Test {
  const fold = (text: string): string => (ignoreCase === true ? text.toLowerCase() : text);
  const wanted = fold(value);
  const compare = comparison(action, wanted);
  return (element) => {
    const actual = element.attribute(name.toLowerCase());
    return actual !== null && compare(fold(actual));
  };
}

function comparison(action: AttributeSelector['action'], wanted: string): (actual: string) => boolean {
  switch (action) {
    case AttributeAction.Exists:
      return () => true;
    case AttributeAction.Equals:
      return (actual) => actual === wanted;
    case AttributeAction.Element:
      return (actual) => wanted !== '' && actual.split(/[\t\n\f\r ]+/).includes(wanted);
    case AttributeAction.Start:
      return (actual) => wanted !== '' && actual.startsWith(wanted);
    case AttributeAction.End:
      return (actual) => wanted !== '' && actual.endsWith(wanted);
    case AttributeAction.Any:
      return (actual) => wanted !== '' && actual.includes(wanted);
    case AttributeAction.Hyphen:
      return (actual) => actual === wanted || actual.startsWith(`${wanted}-`);
    default:
      throw unsupported('Unexpected token in selector.');
  }
}

function pseudoTest({ name, data }: PseudoSelector): Test {
  if (name === 'first-child') return ({ indexInParent }) => indexInParent === 1;
  if (name === 'first-of-type') return ({ indexOfType }) => indexOfType === 1;
  if (name === 'nth-child' && typeof data === 'string') return nthTest(data, ({ indexInParent }) => indexInParent);
  if (name === 'nth-of-type' && typeof data === 'string') return nthTest(data, ({ indexOfType }) => indexOfType);
  if (name === 'not' && Array.isArray(data)) return notTest(data);
  throw unsupported('Unsupported pseudo-class or pseudo-element in selector.');
}

function notTest(alternatives: readonly Selector[][]): Test {
  const compounds = alternatives.map((selectors) => {
    const [only, ...others] = compile(selectors);
    if (only === undefined || others.length > 0) throw unsupported('Unsupported pseudo-class or pseudo-element in selector.');
    return only;
  });
  return (element) => !compounds.some(({ tests }) => tests.every((test) => test(element)));
}

/** https://drafts.csswg.org/css-syntax-3/#anb-microsyntax */
function nthTest(formula: string, indexOf: (element: OpenElement) => number): Test {
  const text = formula.trim().toLowerCase().replace(/^odd$/, '2n+1').replace(/^even$/, '2n');
  const match = /^(?:([+-]?\d*)n(?:\s*([+-])\s*(\d+))?|([+-]?\d+))$/.exec(text);
  if (match === null) throw unsupported('Unexpected token in selector.');
  const [, step, sign = '+', offset = '0', constant] = match;
  const a = constant === undefined ? coefficient(step ?? '') : 0;
  const b = constant === undefined ? Number(`${sign}${offset}`) : Number(constant);
  return (element) => {
    const distance = indexOf(element) - b;
    return a === 0 ? distance === 0 : distance % a === 0 && distance / a >= 0;
  };
}

function coefficient(text: string): number {
  return text === '' || text === '+' ? 1 : text === '-' ? -1 : Number(text);
}

function matches(element: OpenElement, compounds: readonly Compound[], at: number): boolean {
  const { tests, combinator } = compounds[at]!;
  if (!tests.every((test) => test(element))) return false;
  if (at === 0) return true;
  for (let parent = element.parent; parent?.isRoot === false; parent = parent.parent) {
    if (matches(parent, compounds, at - 1)) return true;
    if (combinator === 'child') return false;
  }
  return false;
}
