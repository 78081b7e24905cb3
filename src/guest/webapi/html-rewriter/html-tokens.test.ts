import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { type Token, Tokenizer, TokenizerMode } from 'parse5';
import { type HtmlToken, HtmlTokens } from './lazy/html-tokens.ts';

type Other = Exclude<HtmlToken, { kind: 'text' }>;

function inPieces(html: string, size: number): Other[] {
  const reader = new HtmlTokens();
  const tokens: HtmlToken[] = [];
  for (let at = 0; at < html.length; at += size) tokens.push(...reader.write(html.slice(at, at + size)));
  tokens.push(...reader.end());
  let last = 0;
  for (const token of tokens) {
    assert.ok(token.end >= last && token.end <= html.length && (token.kind === 'text' || token.start >= last), 'tokens are in order');
    last = token.end;
  }
  return tokens.filter((token) => token.kind !== 'text');
}

const modes: Readonly<Record<string, number>> = {
  title: TokenizerMode.RCDATA,
  textarea: TokenizerMode.RCDATA,
  style: TokenizerMode.RAWTEXT,
  script: TokenizerMode.SCRIPT_DATA,
  plaintext: TokenizerMode.PLAINTEXT,
};

/** What parse5 makes of it, without foreign content. */
function peer(html: string): object[] {
  const tokens: object[] = [];
  const span = ({ location }: Token.TagToken | Token.CommentToken | Token.DoctypeToken): object => ({ start: location!.startOffset, end: Math.min(location!.endOffset, html.length) });
  const tokenizer = new Tokenizer(
    { sourceCodeLocationInfo: true },
    {
      onCharacter: () => undefined,
      onNullCharacter: () => undefined,
      onWhitespaceCharacter: () => undefined,
      onEof: () => undefined,
      onStartTag(token) {
        tokens.push({ kind: 'start', ...span(token), name: token.tagName, isSelfClosing: token.selfClosing });
        const mode = modes[token.tagName];
        if (mode !== undefined) Object.assign(tokenizer, { state: mode });
      },
      onEndTag: (token) => void tokens.push({ kind: 'end', ...span(token), name: token.tagName }),
      onComment: (token) => void tokens.push({ kind: 'comment', ...span(token), text: token.data }),
      onDoctype: (token) => void tokens.push({ kind: 'doctype', ...span(token), name: token.name, publicId: token.publicId, systemId: token.systemId }),
    },
  );
  tokenizer.write(html, true);
  return tokens;
}

function comparable(token: Other): object {
  if (token.kind !== 'start') return token;
  const { namespace: _, ...rest } = token;
  return rest;
}

const words =
  '<a |<A b=c|<b/|>|/>|</a|</|</title>|<title>|<script>|</script|</script >|<style|</STYLE\n>|<textarea>|</textarea>|<!--|-->|--!>|--|-|<!-->|<!--->|<!|<!x|<?x|<!doctype html>|<!DOCTYPE|' +
  ' public "p"| system \'s\'|"|\'|=| |\n|x|y=z|="q>"|<|<<|</ x>|</>|&lt;|<svg-x>|é';

test('random markup falls apart as parse5 says, in pieces of any size', () => {
  const pieces = words.split('|');
  let seed = randomInt(2 ** 31);
  const first = seed;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 3_000; round++) {
    const html = Array.from({ length: 1 + random(12) }, () => pieces[random(pieces.length)]).join('');
    const expected = peer(html);
    for (const size of [1, 3, 1_000]) assert.deepEqual(inPieces(html, size).map(comparable), expected, `seed ${first}: ${JSON.stringify(html)} in pieces of ${size}`);
  }
});

test('text in foreign content', () => {
  const names = (html: string): string[] => inPieces(html, 1).map((token) => (token.kind === 'comment' ? token.text : `${token.kind} ${token.kind === 'doctype' ? '' : token.name}`));
  assert.deepEqual(names('<svg><![CDATA[<a>]]><style><b></style></svg><style><c></style>'), ['start svg', 'start style', 'start b', 'end style', 'end svg', 'start style', 'end style']);
  assert.deepEqual(names('<math><mi><title><x></title></mi><title><y></title></math>'), ['start math', 'start mi', 'start title', 'end title', 'end mi', 'start title', 'start y', 'end title', 'end math']);
});
