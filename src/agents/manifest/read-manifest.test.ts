import assert from 'node:assert/strict';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { expandSecrets, secretLookup } from '../../policy/agent-secrets.ts';
import { AGENT_BUDGETS_MAX, DEFAULT_AGENT_BUDGETS } from '../../protocol/agent-limits.ts';
import { checkDocument } from '../../protocol/documents/check-document.ts';
import { parseYaml } from '../../protocol/documents/parse-yaml.ts';
import { NanosError } from '../../protocol/errors.ts';
import { testFolder } from '../../util/test-folder.ts';
import { manifestSchema } from './manifest-schema.ts';
import { readManifest } from './read-manifest.ts';
import type { ReadManifest } from './read-manifest.ts';

const LEAST = 'name: a\npermissions: {}\ngoal: g\n';

async function read(test: TestContext, text: string, files: Record<string, string> = {}): Promise<ReadManifest> {
  return readManifest(join(await testFolder(test, { 'agent.nano': text, ...files }), 'agent.nano'));
}

/** As the older runtime documented it. */
const OLDER = `name: "nanos-js-agent"          # Name of the agent instance
model:
  provider: "ollama"            # LLM Provider: 'ollama' | 'openai' | 'local' (native GGUF)
  model_name: "qwen2.5-coder:0.5b" # Model name (for ollama/openai)
  path: "models/qwen.gguf"      # GGUF local model path (required for 'local' provider)
  context_window: 4096          # Context size limit
  api_url: "http://..."         # Custom API URL (optional)
  api_key: "sk-..."             # Custom API Key (optional)

resources:
  memory: "512MB"               # Sandbox physical RAM heap limit
  max_steps: 10                 # Maximum FFI syscall loop iterations allowed

permissions:
  fs_read:                      # Whitelist of files or glob patterns the agent can read
    - "instruction.txt"
  fs_write:                     # Whitelist of files or glob patterns the agent can write
    - "secret.txt"
  network: false                # Disable or enable external TCP socket access

mcp_servers:                    # Whitelist of external Model Context Protocol stdio servers
  - name: "ping-server"
    command: "node"
    args:
      - "path/to/server.js"

tools:                          # List of tools permitted for the agent (e.g. fs_read, fs_write, mcp_call, done)
  - "fs_read"
  - "fs_write"
  - "mcp_call"
  - "done"

binary: "dist/test_agent.wasm"  # Target agent compilation binary
goal: "Extract the secret..."   # Mission statement of the agent
`;

describe('readManifest', () => {
  it('needs a name, permissions and a goal, and fills in the rest', async (test) => {
    const { manifest, file, literals } = await read(test, LEAST);
    assert.deepEqual(manifest, {
      name: 'a',
      folder: dirname(file),
      file,
      goal: 'g',
      binary: undefined,
      model: undefined,
      budgets: DEFAULT_AGENT_BUDGETS,
      permissions: { fsRead: [], fsWrite: [], network: false },
      mcpServers: [],
      tools: undefined,
      approve: [],
      agents: [],
      sharedMemory: undefined,
    });
    assert.equal(literals.size, 0);
  });

  it('or a binary in place of the goal', async (test) => {
    const { manifest } = await read(test, 'name: a\npermissions: {}\nbinary: a.wasm\n', { 'a.wasm': '' });
    assert.equal(manifest.binary, join(manifest.folder, 'a.wasm'));
    assert.equal(manifest.goal, '');
  });

  it('takes manifests of the older runtime as they are', async (test) => {
    const { manifest, literals } = await read(test, OLDER, { 'dist/test_agent.wasm': '' });
    assert.equal(manifest.name, 'nanos-js-agent');
    assert.deepEqual(manifest.model, {
      provider: 'ollama',
      modelName: 'qwen2.5-coder:0.5b',
      path: join(manifest.folder, 'models/qwen.gguf'),
      embeddingModel: undefined,
      contextWindow: 4096,
      apiUrl: 'http://...',
      apiKey: { template: '${manifest:model.api_key}' },
    });
    assert.deepEqual([...literals], [['manifest:model.api_key', 'sk-...']]);
    assert.deepEqual(manifest.budgets, { ...DEFAULT_AGENT_BUDGETS, memoryBytesMax: 512 * 2 ** 20, stepsMax: 10 });
    assert.deepEqual(manifest.permissions, { fsRead: ['instruction.txt'], fsWrite: ['secret.txt'], network: false });
    assert.deepEqual(manifest.mcpServers, [{ name: 'ping-server', command: 'node', args: ['path/to/server.js'], env: {}, url: undefined, headers: {}, tools: undefined }]);
    assert.deepEqual(manifest.tools, ['fs_read', 'fs_write', 'mcp_call']);
    assert.equal(manifest.binary, join(manifest.folder, 'dist/test_agent.wasm'));
    assert.equal(manifest.goal, 'Extract the secret...');
  });

  it('takes an embedding model by its name, or a local one by its file, and a memory to share', async (test) => {
    const of = async (model: string) => (await read(test, `${LEAST}model: ${model}\nshared_memory: team`)).manifest;
    const local = await of('{ provider: local, embedding_model: e5.gguf }');
    assert.deepEqual([local.model?.embeddingModel, local.sharedMemory], [join(local.folder, 'e5.gguf'), 'team']);
    assert.equal((await of('{ provider: local, embedding_model: e5 }')).model?.embeddingModel, 'e5');
    assert.equal((await of('{ provider: ollama, embedding_model: e5.gguf }')).model?.embeddingModel, 'e5.gguf');
  });

  it('reads budgets with their units', async (test) => {
    const { manifest } = await read(test, `${LEAST}resources: { memory: 4gb, max_steps: 5, fuel: 10B, fuel_per_resume: 1M, wall: 5m, tokens: 20k }`);
    assert.deepEqual(manifest.budgets, { memoryBytesMax: 4 * 2 ** 30, stepsMax: 5, fuelMax: 10_000_000_000n, fuelPerResumeMax: 1_000_000n, wallMsMax: 300_000, tokensMax: 20_000 });
  });

  it('lets no stretch take more fuel than the run', async (test) => {
    const { manifest } = await read(test, `${LEAST}resources: { fuel: 5k }`);
    assert.equal(manifest.budgets.fuelPerResumeMax, 5_000n);
  });

  it('takes budgets at their maxima', async (test) => {
    const { manifest } = await read(test, `${LEAST}resources: { memory: 4GB, max_steps: 1000000, fuel: 1000T, fuel_per_resume: 1000T, wall: 7d, tokens: 1B }`);
    assert.deepEqual(manifest.budgets, AGENT_BUDGETS_MAX);
  });

  it('reads networks', async (test) => {
    for (const [written, network] of [['true', true], ['false', false], ['[]', []], ['[API.Example.com, "*.b.test", 10.0.0.1]', ['api.example.com', '*.b.test', '10.0.0.1']]] as const) {
      assert.deepEqual((await read(test, `name: a\ngoal: g\npermissions: { network: ${written} }`)).manifest.permissions.network, network);
    }
  });

  it('knows older names of tools', async (test) => {
    const { manifest } = await read(test, `${LEAST}tools: [web_get, agent_send, agent_recv, get_manifest_goal, log, fs_read, fs_read]\napprove: [fs_write]`);
    assert.deepEqual(manifest.tools, ['web_fetch', 'fleet_send', 'fleet_recv', 'fs_read']);
    assert.deepEqual(manifest.approve, ['fs_write']);
  });

  it('reads the members of a fleet', async (test) => {
    const { manifest } = await read(test, `${LEAST}agents:\n  - { name: researcher, goal: find, tools: [web_fetch] }\n  - { name: writer, goal: write }\n`);
    assert.deepEqual(manifest.agents.map(({ name, goal, tools }) => [name, goal, tools]), [['researcher', 'find', ['web_fetch']], ['writer', 'write', undefined]]);
  });

  it('keeps secrets apart, by reference', async (test) => {
    const text = `${LEAST}model: { provider: openai, api_key: "\${OPENAI_KEY}" }
mcp_servers:
  - name: local
    command: node
    env: { API_TOKEN: literal-token, MODE: fast, URL: "http://x/\${PART}" }
  - name: far
    url: https://mcp.example.com/
    headers: { Authorization: "Bearer \${FAR}", X-Api-Key: literal-key, Accept: text/plain }
`;
    const { manifest, literals } = await read(test, text);
    assert.ok(!JSON.stringify(manifest.mcpServers).includes('literal'));
    assert.deepEqual(manifest.model?.apiKey, { template: '${OPENAI_KEY}' });
    const [local, far] = manifest.mcpServers;
    assert.deepEqual(local?.env['MODE'], { template: 'fast' });
    const lookup = secretLookup(literals, ['OPENAI_KEY', 'PART', 'FAR'], { OPENAI_KEY: 'o', PART: 'p', FAR: 'f', OTHER: 'x' });
    const values = [manifest.model?.apiKey, ...Object.values(local?.env ?? {}), ...Object.values(far?.headers ?? {})].map((reference) => reference && expandSecrets(reference, lookup));
    assert.deepEqual(values, ['o', 'literal-token', 'fast', 'http://x/p', 'Bearer f', 'literal-key', 'text/plain']);
  });

  it('leaves ${…} in goals as it stands', async (test) => {
    assert.equal((await read(test, 'name: a\npermissions: {}\ngoal: explain ${HOME}')).manifest.goal, 'explain ${HOME}');
  });

  it('resolves links on the way to the folder, and reads a manifest that is a link from where the link stands', async (test) => {
    const root = await testFolder(test, { 'store/shared.nano': 'name: a\npermissions: {}\nbinary: a.wasm\n', 'home/a.wasm': '' });
    await symlink('../store/shared.nano', join(root, 'home/agent.nano'));
    await symlink('home', join(root, 'way'));
    const { manifest, file } = await readManifest(join(root, 'way/agent.nano'));
    assert.equal(manifest.folder, join(root, 'home'));
    assert.equal(file, join(root, 'store/shared.nano'));
    assert.equal(manifest.binary, join(root, 'home/a.wasm'));
  });
});

describe('readManifest: mistakes', () => {
  const mistakes: readonly (readonly [text: string, line: number, column: number, message: RegExp])[] = [
    ['', 1, 1, /^name is missing$/],
    ['name: a\ngoal: g', 1, 1, /^permissions is missing$/],
    ['name: a\npermissions: {}\n', 1, 1, /^The file must have a binary \(the compiled agent\) or a goal/],
    ['name: a\npermissions: {}\ngoal: ""\n', 1, 1, /must have a binary/],
    ['name: a\npermissions:\ngoal: g', 2, 13, /^permissions must be a mapping, not empty$/],
    [`${LEAST}modle: {}`, 4, 1, /^Unknown key "modle"; did you mean "model"\?$/],
    [`${LEAST}resources:\n  memry: 1MB\n`, 5, 3, /^Unknown key "memry" in resources; did you mean "memory"\?$/],
    [`${LEAST}zzzzzzzz: 1`, 4, 1, /^Unknown key "zzzzzzzz"; valid here: name, model, resources, permissions, mcp_servers, tools, approve, agents, shared_memory, binary, goal$/],
    ['name: a\ngoal: g\npermissions:\n  fs_raed: [a]\n', 4, 3, /^Unknown key "fs_raed" in permissions; did you mean "fs_read"\?$/],
    [`${LEAST}mcp_servers:\n  - name: x\n    comand: y\n`, 6, 5, /^Unknown key "comand" in mcp_servers\[0\]; did you mean "command"\?$/],
    ['name: a\npermissions: {}\ngaol: g', 3, 1, /^Unknown key "gaol"; did you mean "goal"\?$/],
    [`${LEAST}model: { provider: gpt }`, 4, 20, /^model\.provider must be one of local, ollama, openai$/],
    [`${LEAST}resources:\n  memory: 512XB\n`, 5, 11, /^resources\.memory must be a size such as "512MB"/],
    [`${LEAST}resources: { memory: 100KB }`, 4, 22, /a whole number of 64 KB$/],
    [`${LEAST}resources: { memory: 4.5GB }`, 4, 22, /must be at most 4096 MB$/],
    [`${LEAST}resources: { memory: true }`, 4, 22, /^resources\.memory must be a number or text, not true or false$/],
    [`${LEAST}resources: { max_steps: 0 }`, 4, 25, /^resources\.max_steps must be at least 1$/],
    [`${LEAST}resources: { max_steps: 1000001 }`, 4, 25, /must be at most 1000000$/],
    [`${LEAST}resources: { max_steps: 1.5 }`, 4, 25, /must be a whole number, not 1\.5$/],
    [`${LEAST}resources: { wall: 30 }`, 4, 20, /^resources\.wall must be a time such as "30s"/],
    [`${LEAST}resources: { wall: 8d }`, 4, 20, /must be at most 168h$/],
    [`${LEAST}resources: { fuel: lots }`, 4, 20, /^resources\.fuel must be a whole number such as 5000 or "10B"/],
    [`${LEAST}resources: { fuel: 1001T }`, 4, 20, /must be at most 1000000000000000$/],
    [`${LEAST}resources: { tokens: 0 }`, 4, 22, /must be at least 1$/],
    ['name: a\ngoal: g\npermissions: { fs_read: instruction.txt }', 3, 25, /^permissions\.fs_read must be a list, not text$/],
    ['name: a\ngoal: g\npermissions:\n  fs_read:\n    - ok\n    - ../up\n', 6, 7, /^permissions\.fs_read\[1\] must not contain \.\.$/],
    ['name: a\ngoal: g\npermissions: { fs_write: [/etc/**] }', 3, 27, /must be relative to the manifest's folder$/],
    ['name: a\ngoal: g\npermissions: { fs_read: ["!/a"] }', 3, 26, /must be relative/],
    ['name: a\ngoal: g\npermissions: { network: [a.test:80] }', 3, 26, /without scheme, port and path$/],
    ['name: a\ngoal: g\npermissions: { network: ["http://a.test"] }', 3, 26, /must be a host name/],
    ['name: a\ngoal: g\npermissions: { network: yes }', 3, 25, /^permissions\.network must be true or false or a list, not text$/],
    [`${LEAST}tools: [fs_raed]`, 4, 9, /^tools\[0\] names no tool: "fs_raed"; did you mean "fs_read"\?$/],
    [`${LEAST}tools: [shell]`, 4, 9, /names no tool: "shell"; tools are fs_read, /],
    [`${LEAST}approve: [7]`, 4, 11, /^approve\[0\] must be text, not 7$/],
    [`${LEAST}mcp_servers: [{ name: x }]`, 4, 15, /must have either command or url$/],
    [`${LEAST}mcp_servers: [{ name: x, command: c, url: "http://x" }]`, 4, 15, /must have either command or url$/],
    [`${LEAST}mcp_servers: [{ name: x, command: c, headers: { A: b } }]`, 4, 47, /headers belongs to servers with url$/],
    [`${LEAST}mcp_servers: [{ name: x, url: "http://x", env: { A: b } }]`, 4, 48, /env belongs to servers with command$/],
    [`${LEAST}mcp_servers: [{ name: x, url: "ftp://x" }]`, 4, 31, /must be an http or https URL/],
    [`${LEAST}mcp_servers: [{ name: x, command: c }, { name: x, command: d }]`, 4, 48, /"x" is given twice$/],
    [`${LEAST}mcp_servers: [{ name: x, command: "\${SHELL}" }]`, 4, 35, /must not contain \$\{…\}: secrets are put in only in api_key, headers and env$/],
    [`${LEAST}mcp_servers: [{ name: x, command: c, args: [--key, "\${KEY}"] }]`, 4, 52, /must not contain \$\{…\}/],
    [`${LEAST}mcp_servers: [{ name: x, command: c, env: { "A B": c } }]`, 4, 45, /must be the name of a variable/],
    [`${LEAST}model: { provider: openai, api_key: "\${manifest:model.api_key}" }`, 4, 37, /^model\.api_key must name secrets as \$\{NAME\}/],
    [`${LEAST}model: { provider: openai, api_key: "\${A B}" }`, 4, 37, /must name secrets as/],
    [`${LEAST}model: { provider: openai, api_url: "http://u:p@x/" }`, 4, 37, /without a user name and password$/],
    [`${LEAST}model: { provider: openai, model_name: "\${NAME}" }`, 4, 40, /must not contain \$\{…\}/],
    ['name: "a\\u001b[2J"\npermissions: {}\ngoal: g', 1, 7, /^name must be 1 to 64 letters/],
    [`name: ${'a'.repeat(65)}\npermissions: {}\ngoal: g`, 1, 7, /^name must be 1 to 64 letters/],
    [`${LEAST}shared_memory: /x`, 4, 16, /^shared_memory must be 1 to 64 letters/],
    [`${LEAST}agents: [{ name: a }]`, 4, 10, /^agents\[0\]\.goal is missing$/],
    ['name: a\npermissions: {}\nbinary: no.wasm\n', 3, 9, /^binary no\.wasm does not exist below /],
    ['name: a\npermissions: {}\nbinary: folder\n', 3, 9, /^binary folder is not a regular file$/],
    ['name: a\nname: b', 2, 1, /given twice/],
    ['name: [', 1, 8, /./],
    ['- a', 1, 1, /^The file must be a mapping, not a list$/],
  ];
  for (const [text, line, column, message] of mistakes) {
    it(JSON.stringify(text.replace(LEAST, '… ').slice(0, 80)), async (test) => {
      await assert.rejects(read(test, text, { 'folder/x': '' }), (error: { code: string; message: string; position: { file: string; line: number; column: number } }) => {
        assert.match(error.message, message);
        assert.equal(error.code, 'config_invalid');
        assert.deepEqual([error.position.line, error.position.column], [line, column]);
        assert.match(error.position.file, /agent\.nano$/);
        return true;
      });
    });
  }

  it('refuses a binary outside of the folder, by its path or by a link', async (test) => {
    const root = await testFolder(test, { 'out.wasm': '', 'home/inner/in.wasm': '' });
    const home = join(root, 'home');
    await symlink('../out.wasm', join(home, 'link.wasm'));
    await symlink('..', join(home, 'up'));
    await symlink('inner/in.wasm', join(home, 'fine.wasm'));
    const with_ = async (binary: string) => {
      await writeFile(join(home, 'agent.nano'), `name: a\npermissions: {}\nbinary: ${JSON.stringify(binary)}\n`);
      return readManifest(join(home, 'agent.nano'));
    };
    for (const binary of ['../out.wasm', join(root, 'out.wasm'), 'link.wasm', 'up/out.wasm', '.', 'x/../../out.wasm', join(home, 'inner/in.wasm')]) {
      await assert.rejects(with_(binary), { code: 'path_escape', position: { file: join(home, 'agent.nano'), line: 3, column: 9 } }, binary);
    }
    assert.equal((await with_('fine.wasm')).manifest.binary, join(home, 'inner/in.wasm'));
  });

  it('says so when there is no manifest, or a folder in its place', async (test) => {
    const root = await testFolder(test);
    await mkdir(join(root, 'agent.nano'));
    for (const name of ['none.nano', 'agent.nano']) await assert.rejects(readManifest(join(root, name)), { code: 'config_invalid' });
  });

  it('fails in no other way', () => {
    const key = fc.constantFrom('name', 'permissions', 'goal', 'binary', 'resources', 'memory', 'fuel', 'fs_read', 'network', 'mcp_servers', 'env', 'tools', 'model', 'api_key', 'agents', 'other', 'constructor');
    const leaf = fc.oneof(fc.constantFrom<unknown>('a', '', '${A}', '${', '**', '[', 1, 0, -1, 1.5, 1e300, true, null, '512MB', '10B', 'http://x', '*.'), fc.string({ maxLength: 8 }));
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, leaf, fc.dictionary(key, tie('value'), { maxKeys: 5 }), fc.array(tie('value'), { maxLength: 3 })),
    }));
    fc.assert(
      fc.property(fc.dictionary(key, value), (written) => {
        const document = parseYaml('/a/agent.nano', JSON.stringify(written));
        try {
          checkDocument(manifestSchema, document);
        } catch (error) {
          assert.ok(error instanceof NanosError && error.code === 'config_invalid' && error.position?.line === 1, String(error));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('names no secret in its messages', async (test) => {
    await assert.rejects(read(test, `${LEAST}model: { provider: openai, api_key: ["sk-very-secret"] }`), (error: Error) => !error.message.includes('very-secret'));
  });
});

describe('docs/agent-manifest.md', () => {
  it('shows manifests that are read', async (test) => {
    const page = await readFile(join(import.meta.dirname, '../../../docs/agent-manifest.md'), 'utf8');
    const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, example = '']) => example);
    assert.ok(examples.length > 0);
    for (const example of examples) await read(test, example, { 'dist/agent.wasm': '' });
  });
});
