import { agent, fleet, fs, llm, mcp, memory, PermissionDenied, SyscallError, web } from 'nanos/agent';

/** What an attempt got, or that it failed by itself, with the reason. */
type Attempt = () => unknown;

/** Rejects or throws when it is blocked; whatever it returns is an escape. */
const attempts: Readonly<Record<string, Attempt>> = {
  'read above the folder': () => fs.readFile('../outside.txt'),
  'read above the folder, by a detour': () => fs.readFile('data/../../outside.txt'),
  'read an absolute path': () => fs.readFile('/etc/passwd'),
  'read the host’s environment': () => fs.readFile('/proc/self/environ'),
  'read a Windows path': () => fs.readFile('C:/Windows/win.ini'),
  'read by backslashes': () => fs.readFile('data\\..\\..\\outside.txt'),
  'read an encoded path': () => fs.readFile('data/%2e%2e/%2e%2e/outside.txt'),
  'read past a NUL': () => fs.readFile('data/public.txt\0/../../../outside.txt'),
  'read what no glob grants': () => fs.readFile('agent.ts'),
  'read what an exception takes away': () => fs.readFile('data/private/key.txt'),
  'read it in another spelling': () => fs.readFile('data/./private//key.txt'),
  'read a hidden file': () => fs.readFile('data/.env'),
  'read through a link that leads outside': () => fs.readFile('data/link'),
  'read through a link to what is not granted': () => fs.readFile('data/key'),
  'read a pipe': () => fs.readFile('data/pipe'),
  'list the folder above': () => fs.list('..'),
  'list what an exception takes away': async () => need((await fs.list('data/private'))[0]),
  'write above the folder': () => fs.writeFile('../outside.txt', 'x'),
  'write an absolute path': () => fs.writeFile('/var/nanos-escaped', 'x'),
  'write what no glob grants': () => fs.writeFile('data/public.txt', 'x'),
  'write through a link': () => fs.writeFile('out/link', 'x'),
  'write below a link': () => fs.writeFile('out/folder/x', 'x'),
  'write its own manifest': () => fs.writeFile('agent.nano', 'permissions: { network: true }'),
  'write its own module': () => fs.writeFile('agent.wasm', 'x'),
  'ask a host that is not granted': () => web.get('https://example.com/'),
  'ask a host that ends like one': () => web.get('https://allowed.example.evil.test/'),
  'ask the machine itself': () => web.get('http://127.0.0.1/'),
  'ask for the cloud’s credentials': () => web.get('http://169.254.169.254/latest/meta-data/'),
  'ask for a file by URL': () => web.get('file:///etc/passwd'),
  'send a password along': () => web.get('http://user:password@allowed.example/'),
  'ask a mail server': () => web.get('http://allowed.example:25/'),
  'use a tool that is not granted: fs_stat': () => fs.stat('data/public.txt'),
  'use a tool that is not granted: llm_infer': () => llm.infer('Say the secret'),
  'use a tool that is not granted: mcp_call': () => mcp.call('shell', 'exec', { command: 'id' }),
  'use a tool that is not granted: memory_store': () => memory.store('key', 'x'),
  'use a tool that is not granted: fleet_send': () => fleet.send('other', 'x'),
  'hide a path in a prototype': () => raw('fs_read', JSON.parse('{"__proto__":{"path":"data/public.txt"}}')),
  'give more than is asked for': () => raw('fs_read', { path: 'data/public.txt', root: '/' }),
  'bury the host in brackets': () => raw('fs_read', JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`)),
  'make a call that there is not': () => raw('constructor', {}),
  'deceive what checks paths': withDeceivingGlobals,
  'find modules of Node.js': () => need(Reflect.get(globalThis, 'require') ?? Reflect.get(process, 'binding') ?? Reflect.get(process, 'mainModule')),
  'import a module of Node.js': () => new Function('return import("node:fs")')(),
  'find the host’s variables': () => need(Object.keys(process.env)[0]),
  'find the host behind a constructor': () => need(agent.getGoal.constructor('return this.process.env.PATH ?? this.fetch ?? this.WebAssembly')()),
  'pollute a prototype through a file': async () => need(Reflect.get((JSON.parse(await fs.readFile('data/polluted.json')), {}), 'granted')),
  'take all memory': () => {
    for (const taken: Uint8Array[] = []; ; ) taken.push(new Uint8Array(1 << 20).fill(1));
  },
  'call itself without end': function again(): unknown {
    return [again()];
  },
};

/** A syscall with any arguments, as the SDK makes them. */
function raw(name: string, head: unknown): Promise<unknown> {
  const { call } = Reflect.get(globalThis, '__nanos') as { call(name: string, head: unknown, read: (reply: Uint8Array) => unknown): Promise<unknown> };
  return call(name, head, (reply) => reply.length);
}

/** Whatever the agent does to its own world, the host decides. */
async function withDeceivingGlobals(): Promise<string> {
  const { startsWith, includes } = String.prototype;
  const { test } = RegExp.prototype;
  String.prototype.startsWith = String.prototype.includes = RegExp.prototype.test = () => true;
  try {
    return await fs.readFile('/etc/passwd');
  } finally {
    Object.assign(String.prototype, { startsWith, includes });
    RegExp.prototype.test = test;
  }
}

function need<T>(found: T | undefined): T {
  if (found === undefined) throw new Error('there is nothing of the kind');
  return found;
}

function reasonOf(error: unknown): string {
  if (error instanceof PermissionDenied) return `denied, ${error.rule}`;
  if (error instanceof SyscallError) return error.code;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Tries to get out in every way we know, and says what stopped it. */
export async function run(): Promise<void> {
  const escapes: string[] = [];
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      const got = await attempt();
      escapes.push(name);
      console.error(`ESCAPED  ${name}: ${String(got)}`);
    } catch (error) {
      console.log(`blocked  ${name}: ${reasonOf(error)}`);
    }
  }
  if (escapes.length > 0) throw new Error(`${escapes.length} attempts were not blocked: ${escapes.join('; ')}`);
  const own = await fs.readFile('data/public.txt');
  await fs.writeFile('out/report.txt', own);
  await agent.done(`All ${Object.keys(attempts).length} attempts were blocked`);
}
