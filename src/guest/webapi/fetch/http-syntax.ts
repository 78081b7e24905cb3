/** Grammar of HTTP that several standards share. */

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** https://httpwg.org/specs/rfc9110.html#tokens */
export function isHttpToken(text: string): boolean {
  return token.test(text);
}

function isHttpWhitespace(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13;
}

export function trimHttpWhitespaceStart(text: string): string {
  let start = 0;
  while (start < text.length && isHttpWhitespace(text.charCodeAt(start))) start++;
  return text.slice(start);
}

export function trimHttpWhitespaceEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isHttpWhitespace(text.charCodeAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Without leading and trailing space, tab, CR and LF. Linear, whatever the text. */
export function trimHttpWhitespace(text: string): string {
  return trimHttpWhitespaceEnd(trimHttpWhitespaceStart(text));
}
