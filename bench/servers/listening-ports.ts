import { createInterface } from 'node:readline';
import type { StartedProcess } from '../bench-scope.ts';

/** The ports a process reports by name, as JSON lines `{ socket, port }` on `output`, once all `names` are there. Rejects when it ends before. */
export function listeningPorts(started: StartedProcess, output: NodeJS.ReadableStream, names: readonly string[]): Promise<Map<string, number>> {
  return new Promise((resolve, reject) => {
    const ports = new Map<string, number>();
    createInterface({ input: output }).on('line', (line) => {
      const { socket, port } = JSON.parse(line) as { socket?: string; port?: number };
      if (socket !== undefined && port !== undefined) ports.set(socket, port);
      if (names.every((name) => ports.has(name))) resolve(ports);
    });
    started.child.once('exit', () => reject(new Error(`A server ended while it started: ${started.errors()}`)));
  });
}
