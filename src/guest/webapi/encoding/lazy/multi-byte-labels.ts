/** https://encoding.spec.whatwg.org/#names-and-labels: the encodings of several bytes a character */
const labels: Readonly<Record<string, string>> = {
  'gbk': 'chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk',
  'gb18030': 'gb18030',
  'big5': 'big5 big5-hkscs cn-big5 csbig5 x-x-big5',
  'euc-jp': 'cseucpkdfmtjapanese euc-jp x-euc-jp',
  'iso-2022-jp': 'csiso2022jp iso-2022-jp',
  'shift_jis': 'csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis',
  'euc-kr': 'cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949',
};

/** Its name; undefined for a label of none of these. `label` is trimmed and in lower case. */
export function multiByteEncodingOf(label: string): string | undefined {
  return Object.keys(labels).find((name) => ` ${labels[name]} `.includes(` ${label} `));
}
