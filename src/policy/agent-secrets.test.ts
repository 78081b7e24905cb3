import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { expandSecrets, isSecretName, isSecretTemplate, literalReference, secretLookup, secretNames } from './agent-secrets.ts';

describe('secret templates', () => {
  it('name variables', () => {
    for (const text of ['plain', '${KEY}', 'Bearer ${A_1} ${b}', '$5', '{x}', '']) assert.ok(isSecretTemplate(text), text);
    for (const text of ['${', '${}', '${A', '${A B}', '${1A}', '${${A}}', '${manifest:x}', '${A}${']) assert.ok(!isSecretTemplate(text), text);
    assert.deepEqual(secretNames({ template: 'Bearer ${A} ${B}' }), ['A', 'B']);
  });

  it('take values by name, and each value as it is', () => {
    const lookup = secretLookup(new Map(), ['A', 'B'], { A: '${B} $& $1', B: 'b' });
    assert.equal(expandSecrets({ template: '<${A}|${B}>' }, lookup), '<${B} $& $1|b>');
    assert.equal(expandSecrets({ template: 'none' }, lookup), 'none');
  });

  it('take no variable that the operator did not list, whether it is set or not', () => {
    const lookup = secretLookup(new Map(), ['UNSET'], { HOME: '/root' });
    for (const name of ['HOME', 'UNSET', 'NONE', 'constructor', '__proto__']) {
      assert.throws(() => expandSecrets({ template: `\${${name}}` }, lookup), { code: 'config_invalid', message: new RegExp(`Secret ${name} is not available: list it`) });
    }
  });

  it('stand for what the manifest held itself', () => {
    const { name, reference } = literalReference('model.api_key');
    assert.deepEqual(reference, { template: '${manifest:model.api_key}' });
    assert.equal(expandSecrets(reference, secretLookup(new Map([[name, 'sk-1']]), [], {})), 'sk-1');
    assert.throws(() => expandSecrets(reference, secretLookup(new Map(), ['manifest:model.api_key'], {})), { message: /model\.api_key is not recorded/ });
  });
});

describe('isSecretName', () => {
  it('knows what is usually secret', () => {
    for (const name of ['API_KEY', 'authorization', 'X-Auth', 'GITHUB_TOKEN', 'PASSWORD', 'Cookie', 'aws_credentials']) assert.ok(isSecretName(name), name);
    for (const name of ['MODE', 'PATH', 'Accept', 'NODE_ENV', 'User-Agent']) assert.ok(!isSecretName(name), name);
  });
});
