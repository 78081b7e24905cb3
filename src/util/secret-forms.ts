const UNRESERVED = '-._~';

/** What percent-encoders leave as it is, besides letters and digits, and how they write a space. */
const PERCENT_ENCODERS: readonly { readonly kept: string; readonly space: string }[] = [
  // RFC 3986, everything but the unreserved
  { kept: UNRESERVED, space: '%20' },
  // encodeURIComponent and encodeURI: ECMA-262, "URI handling functions"
  { kept: "-_.!~*'()", space: '%20' },
  { kept: "-_.!~*'();/?:@&=+$,#", space: '%20' },
  // application/x-www-form-urlencoded: https://url.spec.whatwg.org/#concept-urlencoded-serializer
  { kept: '*-._', space: '+' },
  { kept: UNRESERVED, space: '+' },
  // https://url.spec.whatwg.org/#percent-encoded-bytes: userinfo, path, path before 2024, query, query of a special URL, fragment
  { kept: "-._~!$%&'()*+,", space: '%20' },
  { kept: "-._~!$%&'()*+,/:;=@[\\]|", space: '%20' },
  { kept: "-._~!$%&'()*+,/:;=@[\\]|^", space: '%20' },
  { kept: "-._~!$%&'()*+,/:;=@[\\]|?^`{}", space: '%20' },
  { kept: '-._~!$%&()*+,/:;=@[\\]|?^`{}', space: '%20' },
  { kept: "-._~!$%&'()*+,/:;=@[\\]|?^#{}", space: '%20' },
];

/**
 * How a secret may be written: as it is, escaped for JSON or for a JavaScript string, percent-encoded, in hexadecimal, in base64
 * at any place of a longer text. Text outside ASCII stands in UTF-16 units and in bytes (UTF-8) with a unit each.
 */
export function secretForms(value: string): string[] {
  const escaped = [value, ...jsonForms(value), ...scriptForms(value)];
  return [...new Set([...escaped, ...escaped.map(utf8Units), ...percentForms(value), ...bytesOf(value).flatMap((bytes) => [...hexForms(bytes), ...base64Forms(bytes)])])];
}

/** RFC 8259, section 7: with escapes where they must be, where they may be, and for JSON inside a string of JSON. */
function jsonForms(value: string): string[] {
  const escaped = JSON.stringify(value).slice(1, -1);
  const ascii = escaped.replace(/[\u007f-\uffff]/g, unicodeEscape);
  const upper = ascii.replace(/\\u[0-9a-f]{4}/g, (escape) => `\\u${escape.slice(2).toUpperCase()}`);
  return [escaped, ascii, upper].flatMap((form) => [form, form.replaceAll('/', '\\/'), JSON.stringify(form).slice(1, -1)]);
}

/** ECMA-262 string literals, as `inspect` quotes them: in single quotes, or in back quotes. */
function scriptForms(value: string): string[] {
  const escaped = JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"');
  const short = escaped.replace(/\\u00([0-9a-f]{2})/g, (_escape, hex: string) => `\\x${hex.toUpperCase()}`);
  return [escaped, short].flatMap((form) => [form, form.replaceAll("'", "\\'"), form.replaceAll('`', '\\`')]);
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function percentForms(value: string): string[] {
  const characters = Array.from(value);
  return PERCENT_ENCODERS.flatMap(({ kept, space }) => {
    const encode = (character: string): string => {
      if (character === ' ') return space;
      return /^[a-z0-9]$/i.test(character) || kept.includes(character) ? character : percentEncode(character);
    };
    const upper = characters.map(encode);
    return [upper.join(''), upper.map((part) => (part.length > 1 ? part.toLowerCase() : part)).join('')];
  });
}

function percentEncode(character: string): string {
  return Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

/** As UTF-8, and as `btoa` takes it, with a byte a character. */
function bytesOf(value: string): Buffer[] {
  return /^[\0-\u00ff]*$/.test(value) ? [Buffer.from(value), Buffer.from(value, 'latin1')] : [Buffer.from(value)];
}

function utf8Units(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function hexForms(bytes: Buffer): string[] {
  const hex = bytes.toString('hex');
  return [hex, hex.toUpperCase()];
}

/**
 * RFC 4648, sections 4 and 5. By how many bytes stand before the value, its bits fall on the digits in three ways. A digit that also
 * holds bits of a neighbour is left out, but for the last one of the text, where zeros follow.
 */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]);
    const start = Math.ceil((8 * before) / 6);
    const end = Math.floor((8 * text.length) / 6);
    const padded = text.toString('base64').slice(start);
    return [padded.slice(0, end - start), padded.replace(/=+$/, ''), padded].flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
  });
}
