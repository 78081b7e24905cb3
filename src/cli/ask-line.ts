/** Asks a person at the terminal for a line; undefined: Ctrl-C, or the end of the input. Loads what it needs when it is first called: few commands ask. */
export function askLine(prompt: string): Promise<string | undefined> {
  const lines = process.getBuiltinModule('node:readline').createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    let answer: string | undefined;
    lines.on('close', () => resolve(answer));
    lines.on('SIGINT', () => lines.close());
    lines.question(prompt, (line) => {
      answer = line;
      lines.close();
    });
  });
}
