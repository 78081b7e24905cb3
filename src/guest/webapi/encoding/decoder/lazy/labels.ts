/** https://encoding.spec.whatwg.org/#names-and-labels, for the encodings that every isolate has at hand; others are in lazy/. */
export type EncodingName = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

const labels: Readonly<Record<EncodingName, string>> = {
  'utf-8': 'unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8',
  'utf-16le': 'csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le',
  'utf-16be': 'unicodefffe utf-16be',
  'windows-1252':
    'ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252',
};

/** Undefined for a label of none of these. `label` is trimmed and in lower case. */
export function encodingOf(label: string): EncodingName | undefined {
  for (const [name, known] of Object.entries(labels)) if (` ${known} `.includes(` ${label} `)) return name as EncodingName;
  return undefined;
}

/** Trimmed, in lower case; '' for what can't be a label. */
export function normalizeLabel(label: string): string {
  const trimmed = label.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '').toLowerCase();
  return trimmed.includes(' ') ? '' : trimmed;
}
