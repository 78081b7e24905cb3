import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import { unpackUpload, type UploadLimits } from './unpack-upload.ts';

type Entry = Partial<Header> & { name: string; content?: string | Buffer };

const LIMITS: UploadLimits = { bytesMax: 1e6, filesMax: 100 };

async function emptyFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nanos-upload-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function tarOf(entries: Iterable<Entry>): Promise<Buffer> {
  const tar = pack();
  for (const { content = '', ...header } of entries) {
    if (header.type === undefined || header.type === 'file') tar.entry(header, content);
    else tar.entry(header);
  }
  tar.finalize();
  return buffer(tar);
}

async function gzippedTar(entries: Iterable<Entry>): Promise<Buffer> {
  return gzipSync(await tarOf(entries));
}

async function* inPieces(bytes: Buffer, size = 1000): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

test('unpacks files and folders, byte-exact, for the owner only', async (t) => {
  const folder = await emptyFolder(t);
  const binary = randomBytes(200_000);
  const long = `${'d'.repeat(120)}/${'f'.repeat(120)}.txt`;
  const entries: Entry[] = [
    { name: './' , type: 'directory' },
    { name: './src/', type: 'directory' },
    { name: './src/index.js', content: 'export default 1', mode: 0o4777 },
    { name: 'deep/er/data.bin', content: binary },
    { name: 'deep/', type: 'directory' },
    { name: 'ünïcode/名前.txt', content: 'u' },
    { name: long, content: 'long' },
    { name: 'empty', content: '' },
  ];
  await unpackUpload(inPieces(await gzippedTar(entries)), folder, LIMITS);
  assert.equal(await readFile(join(folder, 'src/index.js'), 'utf8'), 'export default 1');
  assert.equal((await stat(join(folder, 'src/index.js'))).mode & 0o7777, 0o600);
  assert.ok(binary.equals(await readFile(join(folder, 'deep/er/data.bin'))));
  assert.equal(await readFile(join(folder, 'ünïcode/名前.txt'), 'utf8'), 'u');
  assert.equal(await readFile(join(folder, long), 'utf8'), 'long');
  assert.equal((await stat(join(folder, 'empty'))).size, 0);
});

const REFUSED: [what: string, entries: Entry[], code: string][] = [
  ['a path with ..', [{ name: '../out.js', content: 'x' }], 'path_escape'],
  ['.. in the middle', [{ name: 'a/../../out.js', content: 'x' }], 'path_escape'],
  ['an absolute path', [{ name: '/tmp/out.js', content: 'x' }], 'path_escape'],
  ['a folder above', [{ name: '../', type: 'directory' }], 'path_escape'],
  ['a symbolic link', [{ name: 'link', type: 'symlink', linkname: '/etc/passwd' }], 'upload_invalid'],
  ['a hard link', [{ name: 'link', type: 'link', linkname: '/etc/passwd' }], 'upload_invalid'],
  ['a fifo', [{ name: 'pipe', type: 'fifo' }], 'upload_invalid'],
  ['a character device', [{ name: 'dev', type: 'character-device', devmajor: 1, devminor: 3 }], 'upload_invalid'],
  ['a block device', [{ name: 'dev', type: 'block-device' }], 'upload_invalid'],
  ['a file named twice', [{ name: 'a', content: '1' }, { name: './a', content: '2' }], 'upload_invalid'],
  ['a folder named twice', [{ name: 'a/', type: 'directory' }, { name: 'a', type: 'directory' }], 'upload_invalid'],
  ['a file below a file', [{ name: 'a', content: '1' }, { name: 'a/b', content: '2' }], 'upload_invalid'],
  ['a file where a folder is', [{ name: 'a/b', content: '1' }, { name: 'a', content: '2' }], 'upload_invalid'],
  ['a backslash', [{ name: 'a\\b', content: '1' }], 'upload_invalid'],
  ['a line end', [{ name: 'a\nb', content: '1' }], 'upload_invalid'],
  ['a file that is the root', [{ name: './.', content: '1' }], 'upload_invalid'],
  ['a part of 256 bytes', [{ name: 'x'.repeat(256), content: '1' }], 'upload_invalid'],
  ['33 folders', [{ name: 'a/'.repeat(33) + 'b', content: '1' }], 'upload_invalid'],
  ['no file', [{ name: 'a/', type: 'directory' }], 'upload_invalid'],
  ['nothing', [], 'upload_invalid'],
];

for (const [what, entries, code] of REFUSED) {
  test(`refuses ${what}`, async (t) => {
    const folder = await emptyFolder(t);
    await assert.rejects(unpackUpload(inPieces(await gzippedTar(entries)), join(folder), LIMITS), { name: 'NanosError', code });
  });
}

test('what is refused leaves nothing outside', async (t) => {
  const folder = await emptyFolder(t);
  const inner = await mkdtemp(join(folder, 'inner-'));
  await assert.rejects(unpackUpload(inPieces(await gzippedTar([{ name: '../out.js', content: 'x' }])), inner, LIMITS));
  assert.equal((await readdir(folder)).length, 1);
});

test('takes as many entries as the limit, and not one more', async (t) => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `f${index}`, content: '' }));
  await unpackUpload(inPieces(await gzippedTar(names(100))), await emptyFolder(t), LIMITS);
  await assert.rejects(unpackUpload(inPieces(await gzippedTar(names(101))), await emptyFolder(t), LIMITS), { code: 'body_too_large' });
});

test('counts folders that are made for a file', async (t) => {
  const entries = Array.from({ length: 10 }, (_, index) => ({ name: `${index}/`.repeat(20) + 'f', content: '' }));
  await assert.rejects(unpackUpload(inPieces(await gzippedTar(entries)), await emptyFolder(t), LIMITS), { code: 'body_too_large' });
});

/** Headers of empty files that differ in name: six digits of the template's name are counted up and its checksum with them. */
async function manyHeaders(count: number): Promise<Buffer> {
  const template = (await tarOf([{ name: 'f000000', content: '' }])).subarray(0, 512);
  const checksum = Number.parseInt(template.toString('latin1', 148, 154), 8);
  const headers = Buffer.alloc(512 * count);
  for (let index = 0; index < count; index++) {
    const digits = String(index).padStart(6, '0');
    const sum = checksum + Array.from(digits, Number).reduce((total, digit) => total + digit, 0);
    template.copy(headers, index * 512);
    headers.write(digits, index * 512 + 1, 'latin1');
    headers.write(sum.toString(8).padStart(6, '0'), index * 512 + 148, 'latin1');
  }
  return headers;
}

test('stops among 100,000 entries', async (t) => {
  const upload = gzipSync(await manyHeaders(100_000));
  const folder = await emptyFolder(t);
  await assert.rejects(unpackUpload(inPieces(upload, 65_536), folder, { bytesMax: 1e9, filesMax: 1_000 }), { code: 'body_too_large' });
  assert.equal((await readdir(folder)).length, 1_000);
});

test('stops a bomb: 64 MB of zeros in 64 KB', async (t) => {
  const bomb = gzipSync(await tarOf([{ name: 'zeros', content: Buffer.alloc(64e6) }]));
  assert.ok(bomb.length < 1e5);
  const folder = await emptyFolder(t);
  await assert.rejects(unpackUpload(inPieces(bomb), folder, LIMITS), { code: 'body_too_large' });
  assert.ok((await stat(join(folder, 'zeros'))).size <= LIMITS.bytesMax);
});

test('takes an archive of exactly the limit, and not one byte more', async (t) => {
  const tar = await tarOf([{ name: 'data', content: Buffer.alloc(50_000) }]);
  await unpackUpload(inPieces(gzipSync(tar)), await emptyFolder(t), { bytesMax: tar.length, filesMax: 9 });
  await assert.rejects(unpackUpload(inPieces(gzipSync(tar)), await emptyFolder(t), { bytesMax: tar.length - 1, filesMax: 9 }), { code: 'body_too_large' });
});

test('the upload as sent is limited too', async (t) => {
  const upload = await gzippedTar([{ name: 'noise', content: randomBytes(50_000) }]);
  await assert.rejects(unpackUpload(inPieces(upload), await emptyFolder(t), { bytesMax: 40_000, filesMax: 9 }), { code: 'body_too_large' });
});

test('refuses every truncation of an upload', async (t) => {
  const upload = await gzippedTar([{ name: 'a/index.js', content: randomBytes(3000) }, { name: 'b', content: randomBytes(1000) }]);
  for (let length = 0; length < upload.length - 8; length += 97) {
    const folder = await emptyFolder(t);
    await assert.rejects(unpackUpload(inPieces(upload.subarray(0, length)), folder, LIMITS), { code: 'upload_invalid' }, `cut at ${length}`);
  }
});

test('refuses a tar that ends inside a file', async (t) => {
  const tar = await tarOf([{ name: 'a', content: randomBytes(3000) }]);
  for (const length of [100, 512, 600, 3000, 3300]) {
    await assert.rejects(unpackUpload(inPieces(gzipSync(tar.subarray(0, length))), await emptyFolder(t), LIMITS), { code: 'upload_invalid' }, `cut at ${length}`);
  }
});

test('a tar without its end blocks is complete when its files are', async (t) => {
  const folder = await emptyFolder(t);
  const tar = await tarOf([{ name: 'a', content: 'whole' }]);
  await unpackUpload(inPieces(gzipSync(tar.subarray(0, 1024))), folder, LIMITS);
  assert.equal(await readFile(join(folder, 'a'), 'utf8'), 'whole');
});

for (const [what, bytes] of [['noise', randomBytes(5000)], ['a tar that isn’t compressed', Buffer.alloc(2048, 'x')], ['compressed noise', gzipSync(randomBytes(5000))]] as const) {
  test(`refuses ${what}`, async (t) => {
    await assert.rejects(unpackUpload(inPieces(bytes), await emptyFolder(t), LIMITS), { code: 'upload_invalid' });
  });
}

test('a sender that fails half-way fails the upload', async (t) => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield gzipSync('x').subarray(0, 5);
    throw new Error('gone');
  }
  await assert.rejects(unpackUpload(broken(), await emptyFolder(t), LIMITS), { code: 'upload_invalid', message: /gone/ });
});
