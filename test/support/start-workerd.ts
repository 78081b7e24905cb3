/** workerd, the peer of the apps' side, with one Worker: to see that code does here what it does there. */
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findWorkerd } from '../../bench/servers/find-workerd.ts';
import { httpRequest, type Answer, type RequestOptions } from './http-request.ts';
import { temporaryFolder, type Cleanup } from './start-nanos.ts';

const COMPATIBILITY_DATE = '2026-01-01';
const WAIT_MS_MAX = 30_000;

export interface WorkerdOptions {
  /** file of the Worker; what it imports is bundled */
  readonly entry: string;
  /** JSON values for `env` */
  readonly vars?: Readonly<Record<string, unknown>>;
}

export interface RunningWorker {
  readonly port: number;
  request(path?: string, options?: RequestOptions): Promise<Answer>;
}

export async function startWorkerd(cleanup: Cleanup, { entry, vars = {} }: WorkerdOptions): Promise<RunningWorker> {
  const folder = await temporaryFolder(cleanup);
  await build({ entryPoints: [entry], outfile: join(folder, 'worker.js'), bundle: true, format: 'esm', target: 'es2023', conditions: ['workerd', 'worker', 'browser'], logLevel: 'silent' });
  await writeFile(join(folder, 'config.capnp'), configuration(vars));
  const child = spawn(findWorkerd().program, ['serve', '--experimental', '--control-fd=3', 'config.capnp'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  cleanup.after(async () => {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
  });
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const port = await listeningPort(child.stdio[3] as NodeJS.ReadableStream, () => complaint);
  return { port, request: (path = '/', options = {}) => httpRequest({ port, path, ...options, headers: { host: 'worker.localhost', ...options.headers } }) };
}

function configuration(vars: Readonly<Record<string, unknown>>): string {
  const bindings = Object.entries(vars).map(([name, value]) => `(name = ${JSON.stringify(name)}, ${typeof value === 'string' ? `text = ${capnpText(value)}` : `json = ${capnpText(JSON.stringify(value))}`})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (modules = [(name = "worker.js", esModule = embed "worker.js")], compatibilityDate = "${COMPATIBILITY_DATE}", bindings = [${bindings.join(', ')}])),
    (name = "internet", network = (allow = ["public", "private"]))
  ],
  sockets = [(name = "worker", address = "127.0.0.1:0", http = (), service = "worker")]
);
`;
}

/** Cap'n Proto's text format reads bytes: what is not plain ASCII is written as JSON's `\\u` escapes within JSON, or as UTF-8 bytes. */
function capnpText(value: string): string {
  const bytes = [...new TextEncoder().encode(value)];
  return `"${bytes.map((byte) => (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c ? `\\x${byte.toString(16).padStart(2, '0')}` : String.fromCharCode(byte))).join('')}"`;
}

async function listeningPort(control: NodeJS.ReadableStream, complaint: () => string): Promise<number> {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error(`workerd does not listen: ${complaint()}`)), WAIT_MS_MAX).unref());
  const listening = (async () => {
    for await (const line of createInterface({ input: control })) {
      const { event, port } = JSON.parse(line) as { event?: string; port?: number };
      if (event === 'listen' && port !== undefined) return port;
    }
    throw new Error(`workerd ended before it listened: ${complaint()}`);
  })();
  return Promise.race([listening, late]);
}
