import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { CONFIG_BYTES_MAX } from '../../protocol/documents/read-config-file.ts';
import { asOrdinaryUser, testFolder } from '../../util/test-folder.ts';
import { readAppFolder } from './read-app-folder.ts';

const WORKER = 'export default { fetch: () => new Response("hi") };';

describe('readAppFolder without a configuration', () => {
  for (const entry of ['index.ts', 'index.tsx', 'index.js', 'index.mjs', 'index.jsx', 'index.mts', 'worker.js', 'src/index.ts']) {
    it(`takes ${entry} as the entry and the folder's name as the app's`, async (test) => {
      const root = await testFolder(test, { [`My-App/${entry}`]: WORKER });
      assert.deepEqual(await readAppFolder(join(root, 'My-App')), {
        name: 'my-app',
        folder: join(root, 'My-App'),
        path: join(root, 'My-App'),
        main: join(root, 'My-App', entry),
        hostnames: [],
        port: undefined,
        vars: {},
        secrets: {},
        limits: {},
        rules: [],
        egress: undefined,
        bindings: {},
        crons: [],
        confined: false,
        configFiles: [],
        warnings: [],
      });
    });
  }

  it('takes index before worker before src/index', async (test) => {
    const root = await testFolder(test, { 'a/src/index.ts': '', 'a/worker.js': '', 'b/src/index.ts': '', 'b/worker.js': '', 'b/index.mjs': '' });
    assert.equal((await readAppFolder(join(root, 'a'))).main, join(root, 'a/worker.js'));
    assert.equal((await readAppFolder(join(root, 'b'))).main, join(root, 'b/index.mjs'));
  });

  it('follows a link to a folder and keeps the name of the link', async (test) => {
    const root = await testFolder(test, { 'releases/v_12/index.js': WORKER });
    await symlink(join(root, 'releases/v_12'), join(root, 'shop'));
    const app = await readAppFolder(join(root, 'shop'));
    assert.equal(app.name, 'shop');
    assert.equal(app.folder, join(root, 'releases/v_12'));
    assert.equal(app.main, join(root, 'releases/v_12/index.js'));
  });

  it('refuses a folder whose name is no app name, and takes the name given for it', async (test) => {
    const root = await testFolder(test, { 'my_app/index.js': WORKER });
    await assert.rejects(readAppFolder(join(root, 'my_app')), { code: 'app_name_invalid', message: /my_app.*one DNS label/ });
    assert.equal((await readAppFolder(join(root, 'my_app'), { name: 'mine' })).name, 'mine');
  });

  it('names what was looked for in a folder without an app', async (test) => {
    const root = await testFolder(test, { 'readme.md': '', 'index.py': '' });
    await mkdir(join(root, 'index.ts'));
    await assert.rejects(readAppFolder(root), { code: 'folder_empty', message: /wrangler\.jsonc.*app\.nano.*src\/index/ });
  });

  it('tells a missing folder, a file and an unreadable folder apart', async (test) => {
    const root = await testFolder(test, { file: '', 'closed/index.js': WORKER });
    await chmod(root, 0o755);
    await chmod(join(root, 'closed'), 0);
    await symlink('loop', join(root, 'loop'));
    await assert.rejects(readAppFolder(join(root, 'nowhere')), { code: 'folder_missing', message: /nowhere/ });
    await assert.rejects(readAppFolder(join(root, 'file')), { code: 'folder_missing', message: /not a folder/ });
    await assert.rejects(readAppFolder(join(root, 'loop')), { code: 'folder_missing' });
    await asOrdinaryUser(async () => assert.rejects(readAppFolder(join(root, 'closed')), { code: 'folder_unreadable', message: /closed.*permission denied/ }));
  });
});

describe('readAppFolder with a wrangler file', () => {
  it('reads name, main, vars, routes, limits and rules', async (test) => {
    const wrangler = `{
      // as wrangler takes it
      "$schema": "node_modules/wrangler/config-schema.json", "name": "shop", "main": "src/worker.ts",
      "compatibility_date": "2025-01-01", "compatibility_flags": [], "workers_dev": true, "no_bundle": false, "minify": true, "observability": { "enabled": true },
      "vars": { "A": "1", "B": { "c": [1, null] }, "constructor": "x" },
      "route": "https://Shop.example.com/*",
      "routes": ["a.example.com", { "pattern": "b.example.com", "custom_domain": true }, { "pattern": "a.example.com/*", "zone_name": "example.com" }],
      "limits": { "cpu_ms": 30, "subrequests": 5 },
      "rules": [{ "type": "Text", "globs": ["**/*.md"], "fallthrough": true }],
      "ai": { "binding": "AI", "remote": true },
      "kv_namespaces": [], "triggers": { "crons": ["*/5 * * * MON"] }, "services": [{ "binding": "BACK", "service": "back", "environment": "production" }],
    }`;
    const root = await testFolder(test, { 'wrangler.jsonc': wrangler, 'src/worker.ts': WORKER });
    assert.deepEqual(await readAppFolder(root), {
      name: 'shop',
      folder: root,
      path: root,
      main: join(root, 'src/worker.ts'),
      hostnames: ['a.example.com', 'b.example.com', 'shop.example.com'],
      port: undefined,
      vars: { A: '1', B: { c: [1, null] }, constructor: 'x' },
      secrets: {},
      limits: { cpuMsMax: 30, subrequestsMax: 5 },
      rules: [{ type: 'Text', globs: ['**/*.md'] }],
      egress: undefined,
      bindings: { BACK: { type: 'service', service: 'back' }, AI: { type: 'llm' } },
      crons: ['*/5 * * * MON'],
      confined: false,
      configFiles: [join(root, 'wrangler.jsonc')],
      warnings: [],
    });
  });

  it('reads wrangler.toml', async (test) => {
    const wrangler = 'name = "shop"\nmain = "w.js"\nroutes = [ { pattern = "a.example.com", custom_domain = true } ]\n[vars]\nA = "1"\n[[rules]]\ntype = "Data"\nglobs = ["*.bin"]\n';
    const root = await testFolder(test, { 'wrangler.toml': wrangler, 'w.js': WORKER });
    const app = await readAppFolder(root);
    assert.deepEqual([app.name, app.main, app.hostnames, app.vars], ['shop', join(root, 'w.js'), ['a.example.com'], { A: '1' }]);
    assert.deepEqual(app.rules, [{ type: 'Data', globs: ['*.bin'] }]);
  });

  it('names each key that is not supported once, with its line', async (test) => {
    const wrangler = [
      'name = "shop"',
      'compatibility_flags = ["nodejs_compat"]',
      'no_bundle = true',
      'vasr = { A = "1" }',
      'routes = ["*.example.com/*", "a.example.com/api/*"]',
      'limits = { cpu_ms = 5, memory = 3 }',
      '[[kv_namespaces]]',
      'binding = "A"',
      '[[kv_namespaces]]',
      'binding = "B"',
      '[env.staging]',
      'name = "x"',
      '[[rules]]',
      'type = "PythonModule"',
      'globs = ["*.py"]',
    ].join('\n');
    const root = await testFolder(test, { 'wrangler.toml': wrangler, 'index.js': WORKER });
    const { warnings, hostnames, rules, limits } = await readAppFolder(root);
    const file = join(root, 'wrangler.toml');
    assert.deepEqual(hostnames, []);
    assert.deepEqual(rules, []);
    assert.equal(limits.cpuMsMax, 5);
    assert.ok(warnings.every((warning) => warning.file === file));
    assert.deepEqual(
      warnings.map(({ line, message }) => `${line} ${message.replace(/; only whole.*|; supported.*/, '')}`).toSorted(),
      [
        '11 env is not supported yet and is ignored',
        '13 Rule type "PythonModule" is not supported yet and is ignored',
        '2 compatibility_flags is not supported yet and is ignored',
        '3 no_bundle is not supported yet and is ignored',
        '4 vasr is not supported yet and is ignored; did you mean "vars"?',
        '5 Route "*.example.com/*" is not supported yet and is ignored',
        '5 Route "a.example.com/api/*" is not supported yet and is ignored',
        '6 memory in limits is not supported yet and is ignored',
        '7 kv_namespaces is not supported yet and is ignored',
      ],
    );
  });

  it('warns no more than a reader would read', async (test) => {
    const keys = Array.from({ length: 200 }, (_, index) => [`unknown_${index}`, 1]);
    const root = await testFolder(test, { 'wrangler.json': JSON.stringify({ name: 'a', ...Object.fromEntries(keys) }), 'index.js': WORKER });
    const { warnings } = await readAppFolder(root);
    assert.equal(warnings.length, 51);
    assert.match(warnings.at(-1)?.message ?? '', /^150 more/);
  });

  const mistakes: readonly (readonly [string, string, string, number, number, RegExp])[] = [
    ['a name that is no text', 'wrangler.json', '{\n  "name": 5\n}', 2, 11, /^name must be text, not 5$/],
    ['vars that are a list', 'wrangler.toml', 'vars = [1]', 1, 8, /^vars must be a mapping, not a list$/],
    ['a limit that is no whole number', 'wrangler.toml', '[limits]\ncpu_ms = 1.5', 2, 10, /^limits\.cpu_ms must be a whole number, not 1\.5$/],
    ['a limit of nothing', 'wrangler.toml', '[limits]\ncpu_ms = 0', 2, 10, /^limits\.cpu_ms must be at least 1$/],
    ['a route of the wrong type', 'wrangler.json', '{ "routes": ["a.com", 7] }', 1, 23, /^routes\[1\] must be text or a mapping, not 7$/],
    ['a route without a pattern', 'wrangler.json', '{ "routes": [{ "zone_id": "x" }] }', 1, 14, /^routes\[0\]\S* (must be|is missing)/],
    ['rules without globs', 'wrangler.json', '{ "rules": [{ "type": "Text" }] }', 1, 13, /^rules\[0\]\.globs is missing$/],
    ['a list in place of the file', 'wrangler.json', '[]', 1, 1, /^The file must be a mapping, not a list$/],
    ['a comma that is missing', 'wrangler.jsonc', '{\n  "name": "a"\n  "main": "b"\n}', 3, 3, /comma/i],
    ['a value that is missing', 'wrangler.toml', 'name = "a"\nmain =\n', 2, 7, /./],
  ];
  for (const [what, name, text, line, column, message] of mistakes) {
    it(`points at ${what}`, async (test) => {
      const root = await testFolder(test, { [name]: text, 'index.js': WORKER });
      await assert.rejects(readAppFolder(root), { code: 'config_invalid', message, position: { file: join(root, name), line, column } });
    });
  }

  it('refuses a name that is no DNS label, with its place', async (test) => {
    const root = await testFolder(test, { 'wrangler.json': '{ "name": "My_App" }', 'index.js': WORKER });
    const position = { file: join(root, 'wrangler.json'), line: 1, column: 11 };
    await assert.rejects(readAppFolder(root), { code: 'app_name_invalid', message: /"My_App".*one DNS label/, position });
  });
});

describe('readAppFolder with app.nano', () => {
  it('reads every key', async (test) => {
    const text = `name: shop
main: worker.js
hostname: Shop.example.com
hostnames: [a.example.com, shop.example.com]
port: 4001
env: { A: "1", B: [true] }
limits: { memory: 64MB, cpu_ms: 20, startup_ms: 500, wall_ms: 1000, subrequests: 5, body: 1.5 MB, in_flight: 2, queued: 3 }
permissions:
  network: [API.example.com, "*.example.org"]
bindings:
  AI: { type: llm, model: small, max_tokens: 50 }
  R: { type: agent, manifest: r/agent.nano, tokens: 9 }
`;
    const root = await testFolder(test, { 'app.nano': text, 'worker.js': WORKER });
    assert.deepEqual(await readAppFolder(root), {
      name: 'shop',
      folder: root,
      path: root,
      main: join(root, 'worker.js'),
      hostnames: ['shop.example.com', 'a.example.com'],
      port: 4001,
      vars: { A: '1', B: [true] },
      secrets: {},
      limits: {
        memoryMbMax: 64,
        cpuMsMax: 20,
        startupMsMax: 500,
        wallMsMax: 1000,
        subrequestsMax: 5,
        requestBodyBytesMax: 1.5 * 1024 * 1024,
        inFlightMax: 2,
        queuedMax: 3,
      },
      rules: [],
      egress: ['api.example.com', '*.example.org'],
      bindings: { AI: { type: 'llm', model: 'small', max_tokens: 50 }, R: { type: 'agent', manifest: 'r/agent.nano', tokens: 9 } },
      crons: [],
      confined: false,
      configFiles: [join(root, 'app.nano')],
      warnings: [],
    });
  });

  for (const [network, egress] of [['true', undefined], ['false', []], ['[]', []]] as const) {
    it(`takes network: ${network} for ${JSON.stringify(egress)}`, async (test) => {
      const root = await testFolder(test, { 'app.nano': `name: a\npermissions: { network: ${network} }`, 'index.js': WORKER });
      assert.deepEqual((await readAppFolder(root)).egress, egress);
    });
  }

  const mistakes: readonly (readonly [string, number, number, RegExp])[] = [
    ['name: a\nhostnme: b.com', 2, 1, /^Unknown key "hostnme"; did you mean "hostname"\?$/],
    ['bindings:\n  KV: store', 2, 7, /^bindings\.KV must be a mapping, not text$/],
    ['crons: ["* * * *"]', 1, 9, /^crons\[0\] is no cron pattern: A cron pattern has five fields/],
    ['bindings:\n  KV: { type: kv }', 2, 15, /^bindings\.KV\.type must be llm, agent or service$/],
    ['bindings:\n  R: { type: agent, wall_ms: 5 }', 2, 21, /^Unknown key "wall_ms" in bindings\.R; valid here: type, model, max_tokens, manifest, tokens, service$/],
    ['bindings:\n  a-b: { type: llm }', 2, 3, /^bindings\.a-b must be 1 to 64 letters/],
    ['limits:\n  memroy: 1MB', 2, 3, /^Unknown key "memroy" in limits; did you mean "memory"\?$/],
    ['permissions: { files: true }', 1, 16, /^Unknown key "files" in permissions; valid here: network$/],
    ['name: 5', 1, 7, /^name must be text, not 5$/],
    ['hostname: a b', 1, 11, /^hostname must be a host name/],
    ['hostnames: [a.com, "*.b.com"]', 1, 20, /^hostnames\[1\] must be a host name/],
    ['port: 0', 1, 7, /^port must be at least 1$/],
    ['port: 65536', 1, 7, /^port must be at most 65535$/],
    ['limits: { memory: 1.5MB }', 1, 19, /^limits\.memory must be a whole number of MB/],
    ['limits: { memory: 7 }', 1, 19, /^limits\.memory must be at least 8$/],
    ['limits: { body: 100 }', 1, 17, /^limits\.body must be text, not 100$/],
    ['limits: { body: many }', 1, 17, /^limits\.body must be a size/],
    ['permissions: { network: [a.com:80] }', 1, 26, /^permissions\.network\[0\] must be a host name/],
    ['permissions: { network: yes }', 1, 25, /^permissions\.network must be true or false or a list, not text$/],
    ['- a', 1, 1, /^The file must be a mapping, not a list$/],
    ['name: [', 1, 8, /./],
  ];
  for (const [text, line, column, message] of mistakes) {
    it(`points into ${JSON.stringify(text)}`, async (test) => {
      const root = await testFolder(test, { 'app.nano': text, 'index.js': WORKER });
      await assert.rejects(readAppFolder(root), { code: 'config_invalid', message, position: { file: join(root, 'app.nano'), line, column } });
    });
  }
});

describe('readAppFolder', () => {
  it('takes the first kind of configuration and names the ones it ignores', async (test) => {
    const files = { 'wrangler.jsonc': '{"name":"jsonc"}', 'wrangler.json': '{"name":"json"}', 'wrangler.toml': 'name = "toml"', 'app.nano': 'name: nano', 'index.js': WORKER };
    const order = ['wrangler.jsonc', 'wrangler.json', 'wrangler.toml', 'app.nano'] as const;
    for (const [index, used] of order.entries()) {
      const kept = Object.entries(files).filter(([name]) => order.slice(0, index).every((gone) => gone !== name));
      const root = await testFolder(test, Object.fromEntries(kept));
      const app = await readAppFolder(root);
      assert.equal(app.name, used.split('.')[1]);
      assert.deepEqual(app.configFiles, [join(root, used)]);
      const ignored = order.slice(index + 1);
      assert.deepEqual(app.warnings, ignored.map((name) => ({ file: join(root, name), line: 1, message: `${name} is ignored, as ${used} is used` })));
    }
  });

  it('reads secrets from .dev.vars', async (test) => {
    const root = await testFolder(test, { 'wrangler.toml': 'name = "a"\nvars = { A = "public" }', '.dev.vars': 'A=secret\nB="x y"\n', 'index.js': WORKER });
    const app = await readAppFolder(root);
    assert.deepEqual(app.secrets, { A: 'secret', B: 'x y' });
    assert.deepEqual(app.configFiles, [join(root, 'wrangler.toml'), join(root, '.dev.vars')]);
    await writeFile(join(root, '.dev.vars'), 'A=1\nB');
    await assert.rejects(readAppFolder(root), { code: 'config_invalid', position: { file: join(root, '.dev.vars'), line: 2, column: 1 } });
  });

  it('refuses an entry that does not exist, is a folder, or is not named at all', async (test) => {
    const root = await testFolder(test, { 'wrangler.toml': 'name = "a"\nmain = "src/nothing.ts"', 'src/x': '' });
    await assert.rejects(readAppFolder(root), {
      code: 'entry_missing',
      message: /"src\/nothing\.ts" does not exist/,
      position: { file: join(root, 'wrangler.toml'), line: 2, column: 8 },
    });
    await writeFile(join(root, 'wrangler.toml'), 'name = "a"\nmain = "src"');
    await assert.rejects(readAppFolder(root), { code: 'entry_missing', message: /"src" is not a file/ });
    await writeFile(join(root, 'wrangler.toml'), 'name = "a"\nmain = "a\\u0000b"');
    await assert.rejects(readAppFolder(root), { code: 'entry_missing' });
    await writeFile(join(root, 'wrangler.toml'), 'name = "a"');
    await assert.rejects(readAppFolder(root), { code: 'entry_missing', message: /no main.*index, worker or src\/index/ });
  });

  it('refuses whatever leads out of the folder', async (test) => {
    const root = await testFolder(test, { 'outside.js': WORKER, 'outside.toml': 'name = "x"', outside: 'A=1', 'a/wrangler.toml': 'main = "../outside.js"', 'b/x': '', 'c/index.js': WORKER, 'ab/w.js': WORKER });
    await assert.rejects(readAppFolder(join(root, 'a')), { code: 'path_escape', message: /outside of the folder/ });
    for (const main of ['../nothing.js', join(root, 'outside.js'), '.', '../ab/w.js', '..']) {
      await writeFile(join(root, 'a/wrangler.toml'), `main = "${main}"`);
      await assert.rejects(readAppFolder(join(root, 'a')), { code: 'path_escape' }, main);
    }
    await symlink('../outside.js', join(root, 'b/index.js'));
    await assert.rejects(readAppFolder(join(root, 'b')), { code: 'path_escape' });
    await symlink('../outside.toml', join(root, 'c/wrangler.toml'));
    await assert.rejects(readAppFolder(join(root, 'c')), { code: 'path_escape', message: /wrangler\.toml points out of its folder/ });
    await symlink('../outside', join(root, 'ab/.dev.vars'));
    await writeFile(join(root, 'ab/index.js'), WORKER);
    await assert.rejects(readAppFolder(join(root, 'ab')), { code: 'path_escape', message: /\.dev\.vars/ });
  });

  it('follows links that stay inside', async (test) => {
    const root = await testFolder(test, { 'config/w.toml': 'name = "a"\nmain = "link.js"', 'src/real.js': WORKER });
    await symlink('config/w.toml', join(root, 'wrangler.toml'));
    await symlink('src/real.js', join(root, 'link.js'));
    assert.equal((await readAppFolder(root)).main, join(root, 'src/real.js'));
  });

  it('reads configurations up to their size limit and none beyond', async (test) => {
    const text = '{"name":"a"}';
    const root = await testFolder(test, { 'wrangler.json': text.padEnd(CONFIG_BYTES_MAX), 'index.js': WORKER });
    assert.equal((await readAppFolder(root)).name, 'a');
    await writeFile(join(root, 'wrangler.json'), text.padEnd(CONFIG_BYTES_MAX + 1));
    await assert.rejects(readAppFolder(root), { code: 'config_invalid', message: /larger than 1048576 bytes/ });
    const nano = await testFolder(test, { 'app.nano': 'name: a\n'.padEnd(65_536, '\n'), 'index.js': WORKER });
    assert.equal((await readAppFolder(nano)).name, 'a');
    await writeFile(join(nano, 'app.nano'), 'name: a\n'.padEnd(65_537, '\n'));
    await assert.rejects(readAppFolder(nano), { code: 'config_invalid', message: /larger than 65536 bytes/ });
  });

  it('refuses what is no regular UTF-8 file', async (test) => {
    const root = await testFolder(test, { 'a/index.js': WORKER, 'b/index.js': WORKER });
    await promisify(execFile)('mkfifo', [join(root, 'a/wrangler.toml')]);
    await assert.rejects(readAppFolder(join(root, 'a')), { code: 'config_invalid', message: /not a regular file/ });
    await writeFile(join(root, 'b/wrangler.toml'), Buffer.from([0x6e, 0xff]));
    await assert.rejects(readAppFolder(join(root, 'b')), { code: 'config_invalid', message: /not valid UTF-8/ });
    await writeFile(join(root, 'b/wrangler.toml'), '\ufeffname = "bom"');
    assert.equal((await readAppFolder(join(root, 'b'))).name, 'bom');
  });

  it('says which file can not be read', async (test) => {
    const root = await testFolder(test, { 'wrangler.toml': 'name = "a"', 'index.js': WORKER });
    await chmod(root, 0o755);
    await chmod(join(root, 'wrangler.toml'), 0);
    await asOrdinaryUser(async () => assert.rejects(readAppFolder(root), { code: 'folder_unreadable', message: /wrangler\.toml.*permission denied/ }));
  });
});
