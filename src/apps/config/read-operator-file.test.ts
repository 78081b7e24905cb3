import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DEFAULT_APP_LIMITS } from '../../protocol/limits.ts';
import { defaultOperatorPolicy } from '../../protocol/operator.ts';
import { testFolder } from '../../util/test-folder.ts';
import { readOperatorFile } from './read-operator-file.ts';

const EVERYTHING = `
host: 127.0.0.1
port: 8081
apps_port: 0
cells: 2
cell_memory: 2GB
data: ../data
grace_ms: 5000
apps:
  - path: shop
    name: shop
    hostname: Shop.example.com
    hostnames: [www.shop.example.com]
    port: 4001
    env: { KEY: "\${KEY}", N: 1 }
    limits: { memory: 256MB }
    egress: { hosts: [api.example.com], private: [10.1.0.0/16] }
    tokens: { max: 17, per: hour }
    bindings: { AI: { type: llm, max_tokens: 18 } }
limits: { cpu_ms: 20 }
limits_max: { cpu_ms: 200, memory: 1GB }
egress: { hosts: ["*.example.com"], private: [loopback, "fd00::1", 192.168.1.7, 10.0.0.0/8] }
allowed_hosts: [Nanos.example.com]
secrets: [KEY]
tenants:
  constructor: { limits: { queued: 1 } }
agents:
  folder: ../agents
  threads: 3
  limits_max: { memory: 512MB, max_steps: 7, fuel: 8, fuel_per_resume: 9, wall_ms: 10, tokens: 11 }
  egress: { hosts: [api.example.com], private: [10.2.0.0/16] }
  shared_memories: [team]
  approve: [fs_write, mcp_call]
  runs: { kept: 12, bytes: 1GB, days: 13 }
models: { threads_max: 14, context_tokens_max: 15000, idle_ms: 16000 }
second_wall: { require: true, user: guests }
`;

describe('readOperatorFile', () => {
  it('reads every key of a YAML file', async (test) => {
    const root = await testFolder(test, { 'etc/nanos.yaml': EVERYTHING });
    assert.deepEqual(await readOperatorFile(join(root, 'etc/nanos.yaml')), {
      host: '127.0.0.1',
      controlPort: 8081,
      appsPort: 0,
      cells: 2,
      cellMemoryBytes: 2 * 1024 ** 3,
      dataDir: join(root, 'data'),
      graceMs: 5000,
      apps: [
        {
          path: 'shop',
          name: 'shop',
          hostnames: ['shop.example.com', 'www.shop.example.com'],
          port: 4001,
          env: { KEY: '${KEY}', N: 1 },
          grant: {
            limits: { ...NO_LIMITS, memoryMbMax: 256 },
            egress: { hosts: ['api.example.com'], privateRanges: ['10.1.0.0/16'] },
            tokens: { tokensMax: 17, per: 'hour' },
            bindings: { AI: { type: 'llm', max_tokens: 18 } },
          },
        },
      ],
      limits: { ...DEFAULT_APP_LIMITS, cpuMsMax: 20 },
      limitsMax: { ...DEFAULT_APP_LIMITS, cpuMsMax: 200, memoryMbMax: 1024 },
      egress: { hosts: ['*.example.com'], privateRanges: ['127.0.0.0/8', '::1/128', 'fd00::1/128', '192.168.1.7/32', '10.0.0.0/8'] },
      allowedHosts: ['nanos.example.com'],
      secretNames: ['KEY'],
      tokens: { tokensMax: 1_000_000, per: 'day' },
      tenants: new Map([['constructor', { limits: { ...NO_LIMITS, queuedMax: 1 }, egress: { hosts: undefined, privateRanges: undefined }, tokens: undefined, bindings: {} }]]),
      agents: {
        folder: join(root, 'agents'),
        threads: 3,
        limitsMax: { memoryBytesMax: 512 * 1024 * 1024, stepsMax: 7, fuelMax: 8n, fuelPerResumeMax: 9n, wallMsMax: 10, tokensMax: 11 },
        egress: { hosts: ['api.example.com'], privateRanges: ['10.2.0.0/16'] },
        sharedMemories: ['team'],
        approve: ['fs_write', 'mcp_call'],
        runs: { kept: 12, bytes: 1024 ** 3, days: 13 },
      },
      models: { threadsMax: 14, contextTokensMax: 15_000, idleMsMax: 16_000 },
      secondWall: { isRequired: true, user: 'guests' },
    });
  });

  it('reads the JSON form with a port and apps', async (test) => {
    const text = '{ "port": 8080, "apps": [{ "name": "a", "hostname": "a.com", "port": 4001, "path": "./a", "env": { "A": "1" }, "limits": { "memory": 64 } }] }';
    const root = await testFolder(test, { 'nanos.json': text, 'nanos.yaml': text });
    const fromJson = await readOperatorFile(join(root, 'nanos.json'));
    assert.equal(fromJson.controlPort, 8080);
    assert.equal(fromJson.apps[0]?.grant.limits.memoryMbMax, 64);
    assert.deepEqual(await readOperatorFile(join(root, 'nanos.yaml')), fromJson);
  });

  it('reads an empty file as the default policy', async (test) => {
    const root = await testFolder(test, { 'nanos.yaml': '# nothing yet\n' });
    assert.deepEqual(await readOperatorFile(join(root, 'nanos.yaml')), defaultOperatorPolicy());
  });

  const mistakes: readonly (readonly [string, number, number, RegExp])[] = [
    ['prot: 1', 1, 1, /^Unknown key "prot"; did you mean "port"\?$/],
    ['apps:\n  - path: a\n    hostnam: a.com', 3, 5, /^Unknown key "hostnam" in apps\[0\]; did you mean "hostname"\?$/],
    ['tenants:\n  a:\n    limit: {}', 3, 5, /^Unknown key "limit" in tenants\.a; did you mean "limits"\?$/],
    ['tenants:\n  A_b: {}', 2, 3, /^tenants\.A_b must be one DNS label/],
    ['limits_max:\n  memory: 64MB', 2, 11, /^limits_max\.memory must not be below the limit of every app, 128/],
    ['limits: { memory: 1TB }', 1, 19, /^limits\.memory must be a whole number of MB/],
    ['limits: { memory: 4097 }', 1, 19, /^limits\.memory must be at most 4096$/],
    ['apps:\n  - name: a', 2, 5, /^apps\[0\]\.path is missing$/],
    ['apps:\n  - path: ""', 2, 11, /^apps\[0\]\.path must not be empty$/],
    ['egress: { private: [everything] }', 1, 21, /^egress\.private\[0\] must be a CIDR range or one of loopback, private, link-local$/],
    ['egress: { private: [10.0.0.0/33] }', 1, 21, /CIDR/],
    ['egress: { private: [0x7f.1] }', 1, 21, /CIDR/],
    ['secrets: ["A-B"]', 1, 11, /^secrets\[0\] must be the name of an environment variable$/],
    ['agents: { limits_max: { memory: 100B } }', 1, 33, /^agents\.limits_max\.memory must be a size such as "512MB", a whole number of 65536 bytes/],
    ['agents: { limits_max: { fuel: 0 } }', 1, 31, /^agents\.limits_max\.fuel must be at least 1$/],
    ['agents: { approve: [shell] }', 1, 21, /^agents\.approve\[0\] must be one of fs_read, /],
    ['agents: { folders: a }', 1, 11, /^Unknown key "folders" in agents; did you mean "folder"\?$/],
    ['agents: { shared_memories: ["/x"] }', 1, 29, /^agents\.shared_memories\[0\] must be 1 to 64 letters/],
    ['models: { threads: 2 }', 1, 11, /^Unknown key "threads" in models/],
    ['models: { threads_max: 0 }', 1, 24, /^models\.threads_max must be at least 1$/],
    ['models:\n  context_tokens_max: 63', 2, 23, /^models\.context_tokens_max must be at least 64$/],
    ['models: { idle_ms: 999 }', 1, 20, /^models\.idle_ms must be at least 1000$/],
    ['port: 65536', 1, 7, /^port must be at most 65535$/],
    ['cell_memory: 200MB', 1, 14, /^cell_memory must be a size such as "4GB", at least 256 MB$/],
    ['cells: 0', 1, 8, /^cells must be at least 1$/],
    ['apps: {}', 1, 7, /^apps must be a list, not a mapping$/],
    ['port: 1\nport: 2', 2, 1, /^Key "port" is given twice$/],
    ['nonsense', 1, 1, /^The file must be a mapping, not text$/],
  ];
  for (const [text, line, column, message] of mistakes) {
    it(`points into ${JSON.stringify(text)}`, async (test) => {
      const root = await testFolder(test, { 'nanos.yaml': text });
      const file = join(root, 'nanos.yaml');
      await assert.rejects(readOperatorFile(file), { code: 'config_invalid', message, position: { file, line, column } });
    });
  }

  it('says that a file does not exist', async (test) => {
    const root = await testFolder(test);
    await assert.rejects(readOperatorFile(join(root, 'nanos.yaml')), { code: 'config_invalid', message: /nanos\.yaml does not exist/ });
    await assert.rejects(readOperatorFile(root), { code: 'config_invalid', message: /not a regular file/ });
  });
});

const NO_LIMITS = {
  memoryMbMax: undefined,
  cpuMsMax: undefined,
  startupMsMax: undefined,
  wallMsMax: undefined,
  subrequestsMax: undefined,
  requestBodyBytesMax: undefined,
  inFlightMax: undefined,
  queuedMax: undefined,
};
