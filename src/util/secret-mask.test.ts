import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from './test-properties.ts';
import { secretForms } from './secret-forms.ts';
import { SecretMask } from './secret-mask.ts';

/** Never touches the mark that is put in its place, nor text around it. */
const secret = fc.string({ unit: fc.constantFrom(...'ABCDEFGH234567+/ "\\é字'), minLength: 6, maxLength: 40 }).filter((value) => value.trim() === value);
const surrounding = fc.string({ unit: fc.constantFrom(...'klmnop \n.,;') });

describe('SecretMask', () => {
  it('leaves no form of a value, in text and in bytes', () => {
    const places = fc.array(fc.tuple(surrounding, fc.nat(), fc.nat()), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 4 }), places, (values, pieces) => {
        const mask = new SecretMask(values);
        const allForms = values.map(secretForms);
        const texts = pieces.map(([around, which, form]) => around + pick(pick(allForms, which), form));
        const masked = mask.text(texts.join(''));
        const maskedBytes = Buffer.from(mask.bytes(Buffer.concat(texts.map(asBytes))));
        for (const form of allForms.flat()) assert.ok(!masked.includes(form) && !maskedBytes.includes(asBytes(form)), form);
        assert.equal(mask.text(masked), masked);
        assert.deepEqual(Buffer.from(mask.bytes(maskedBytes)), maskedBytes);
      }),
    );
  });

  it('changes nothing but the secret', () => {
    fc.assert(
      fc.property(secret, surrounding, surrounding, fc.nat(), (value, before, after, form) => {
        const mask = new SecretMask([value]);
        // no digit of base64 stands beside it: what shares bits with it may be masked, too
        const text = `${before}<${pick(secretForms(value), form)}>${after}`;
        assert.match(mask.text(text), /\[secret\]/);
        assert.ok(mask.text(text).startsWith(`${before}<`) && mask.text(text).endsWith(`>${after}`));
        assert.equal(mask.text(before), before);
      }),
    );
  });

  it('finds a value in the base64 of a longer text', () => {
    const mask = new SecretMask(['correct horse']);
    for (const user of ['u', 'us', 'use', 'user']) {
      const header = `Basic ${btoa(`${user}:correct horse`)}`;
      assert.match(mask.text(header), /^Basic [A-Za-z0-9]{2,8}\[secret\]$/);
    }
  });

  it('masks the longest of values that begin alike, and overlapping ones as one', () => {
    const mask = new SecretMask(['s3cr3t', 's3cr3t-long', 'long-tail']);
    assert.equal(mask.text('a s3cr3t b s3cr3t-long c'), 'a [secret] b [secret] c');
    assert.equal(mask.text('s3cr3t-long-tail'), '[secret]');
    assert.equal(mask.text('s3cr3ts3cr3t'), '[secret][secret]');
  });

  it('masks each line of a value, but not the armour of a key', () => {
    const mask = new SecretMask(['-----BEGIN PRIVATE KEY-----\r\nMIIEvQIBADANBgkq\n  hkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n']);
    assert.equal(mask.text('line 2 is hkiG9w0BAQEFAASC, line 1 MIIEvQIBADANBgkq'), 'line 2 is [secret], line 1 [secret]');
    assert.equal(mask.text('-----BEGIN PRIVATE KEY-----'), '-----BEGIN PRIVATE KEY-----');
  });

  it('masks a value without the space around it', () => {
    assert.equal(new SecretMask(['  tango7 \n']).text('<tango7>'), '<[secret]>');
  });

  it('masks values from 6 characters on', () => {
    assert.equal(SecretMask.charactersMin, 6);
    assert.equal(new SecretMask(['abcdef']).text('abcdef'), '[secret]');
    assert.equal(new SecretMask(['abcde', '']).text('abcde'), 'abcde');
  });

  it('leaves its own mark alone', () => {
    const mask = new SecretMask(['secret', 'abcde[']);
    assert.equal(mask.text('[secret]'), '[secret]');
    assert.equal(mask.text(mask.text('a secret')), 'a [secret]');
    assert.equal(mask.text('abcde[secret]'), '[secret]');
  });

  it('keeps bytes that are no text', () => {
    const mask = new SecretMask(['tango7', 'Grüße!']);
    assert.deepEqual(Buffer.from(mask.bytes(Buffer.from('\xff\0tango7\xfe', 'latin1'))), Buffer.from('\xff\0[secret]\xfe', 'latin1'));
    assert.equal(Buffer.from(mask.bytes(Buffer.from('<Grüße!>'))).toString(), '<[secret]>');
  });

  it('gives back what it was given when there is nothing to mask', () => {
    const bytes = Buffer.from('nothing here');
    assert.equal(new SecretMask(['tango7']).bytes(bytes), bytes);
    assert.equal(new SecretMask([]).bytes(bytes), bytes);
  });

  it('masks values as they are when there is no room for all of their forms', () => {
    const values = Array.from({ length: 200 }, (_, index) => `value-${index}-${'x'.repeat(1_000)}`);
    const mask = new SecretMask([...values, 'y'.repeat(SecretMask.formUnitsMax)]);
    for (const value of values) assert.equal(mask.text(value), '[secret]');
    assert.equal(mask.text('y'.repeat(SecretMask.formUnitsMax)).length, SecretMask.formUnitsMax);
  });

  it('masks text that a value only nearly fits, over and over', () => {
    const nearly = 'a'.repeat(2_000);
    const text = 'a'.repeat(100_000);
    assert.equal(new SecretMask([`${nearly}b`]).text(text), text);
  });
});

/** A form stands for bytes where it can, else for text. */
function asBytes(form: string): Buffer {
  return /^[\0-\u00ff]*$/.test(form) ? Buffer.from(form, 'latin1') : Buffer.from(form);
}

function pick<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  assert.ok(item !== undefined);
  return item;
}
