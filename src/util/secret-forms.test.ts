import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from './test-properties.ts';
import { secretForms } from './secret-forms.ts';

/** Text with everything that an encoder treats in its own way. */
const value = fc.oneof(fc.string({ minLength: 6 }), fc.string({ unit: 'grapheme', minLength: 6 }), fc.string({ unit: fc.constantFrom(...' \'"`\\/+%&=?#<>{}|^~!*();:@,$[]\n\taZ9é字'), minLength: 6 }));

function assertForms(encode: (text: string) => string): void {
  fc.assert(
    fc.property(value, (text) => {
      const forms = secretForms(text);
      assert.ok(forms.includes(encode(text)), `${JSON.stringify(encode(text))} is not among ${JSON.stringify(forms)}`);
    }),
  );
}

describe('secretForms', () => {
  it('has the text, and what JSON.stringify makes of it, once and twice', () => {
    assertForms((text) => text);
    assertForms((text) => JSON.stringify(text).slice(1, -1));
    assertForms((text) => JSON.stringify(JSON.stringify({ text })).slice('"{\\"text\\":\\"'.length, -'\\"}"'.length));
  });

  it('has what the encoders of the language and of URL make of it', () => {
    assertForms(encodeURIComponent);
    assertForms(encodeURI);
    assertForms((text) => encodeURIComponent(text).replace(/%../g, (escape) => escape.toLowerCase()));
    assertForms((text) => new URLSearchParams({ text }).toString().slice('text='.length));
    assertForms((text) => new URLSearchParams({ text }).toString().slice('text='.length).replace(/%../g, (escape) => escape.toLowerCase()));
  });

  it('has what the parts of a URL make of it', () => {
    const visible = fc.string({ unit: fc.constantFrom(...'\'"`+%&=<>{}|^~!*();:@,$[]aZ9é字'), minLength: 6 });
    fc.assert(
      fc.property(visible, (text) => {
        const forms = secretForms(text);
        const url = new URL(`http://host/-${text}?-${text}#-${text}`);
        url.username = text;
        for (const part of [url.username, url.pathname.slice(2), url.search.slice(2), url.hash.slice(2)]) assert.ok(forms.includes(part), part);
        assert.ok(forms.includes(new URL(`other:?-${text}`).search.slice(2)));
      }),
    );
  });

  it('has it in hexadecimal and base64', () => {
    assertForms((text) => Buffer.from(text).toString('hex'));
    assertForms((text) => Buffer.from(text).toString('hex').toUpperCase());
    assertForms((text) => Buffer.from(text).toString('base64'));
    assertForms((text) => Buffer.from(text).toString('base64').replace(/=+$/, ''));
    assertForms((text) => Buffer.from(text).toString('base64url'));
  });

  it('has what btoa makes of characters up to 255', () => {
    assert.ok(secretForms('Grüße').includes(btoa('Grüße')));
  });

  it('has its part of the base64 of a longer text, but for digits that it shares with its neighbours', () => {
    fc.assert(
      fc.property(value, fc.uint8Array(), fc.uint8Array(), (text, before, after) => {
        const whole = Buffer.concat([before, Buffer.from(text), after]).toString('base64');
        const longest = Math.max(...secretForms(text).map((form) => (whole.includes(form) ? form.length : 0)));
        assert.ok(longest * 6 > (Buffer.byteLength(text) - 2) * 8, `${longest} digits of ${whole}`);
      }),
    );
  });

  it('has one form of a plain word besides hexadecimal and base64', () => {
    assert.deepEqual(
      secretForms('tango7-alpha').filter((form) => form.includes('tango')),
      ['tango7-alpha'],
    );
  });
});
