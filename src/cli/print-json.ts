/** JSON for a program that may well be a terminal: control characters above ASCII, which JSON leaves raw, are escaped too. */
export function printJson(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, undefined, indent);
  return `${json.replace(/[\u007f-\u009f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)}\n`;
}
