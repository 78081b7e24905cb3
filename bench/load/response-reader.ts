/** Where one HTTP/1.1 response on a byte stream ends. For load generation: it keeps no body, and reads only what frames it. */

type State = 'head' | 'body' | 'chunkSize' | 'chunkData' | 'chunkEnd' | 'trailer';

const LINE_FEED = 10;
const HEAD_LENGTH_MAX = 64 * 1024;

export interface ReadResponse {
  readonly status: number;
  /** of the body, without chunk framing */
  readonly bytes: number;
}

/** Feed it what a connection yields; it calls back at the end of every response. Bodies need Content-Length or chunks. Throws on anything else. */
export class ResponseReader {
  readonly #onResponse: (response: ReadResponse) => void;
  #state: State = 'head';
  #text = '';
  #status = 0;
  #left = 0;
  #bytes = 0;

  constructor(onResponse: (response: ReadResponse) => void) {
    this.#onResponse = onResponse;
  }

  /** Body bytes of the response that is under way. */
  get bytesSoFar(): number {
    return this.#bytes;
  }

  feed(data: Buffer, length = data.length): void {
    let at = 0;
    while (at < length) {
      if (this.#state === 'body' || this.#state === 'chunkData') at = this.#skip(at, length);
      else at = this.#readLine(data, at, length);
    }
  }

  #skip(at: number, length: number): number {
    const taken = Math.min(this.#left, length - at);
    this.#left -= taken;
    this.#bytes += taken;
    if (this.#left === 0) {
      if (this.#state === 'body') this.#end();
      else this.#state = 'chunkEnd';
    }
    return at + taken;
  }

  #readLine(data: Buffer, at: number, length: number): number {
    const found = data.indexOf(this.#state === 'head' ? '\r\n\r\n' : '\n', at, 'latin1');
    const headSplit = this.#state === 'head' && this.#text !== '';
    if (headSplit || found < 0 || found >= length) return this.#readByBytes(data, at, length);
    const end = found + (this.#state === 'head' ? 4 : 1);
    if (end > length) return this.#readByBytes(data, at, length);
    this.#line(this.#text + data.toString('latin1', at, end));
    return end;
  }

  /** The way for what is split over two packets. */
  #readByBytes(data: Buffer, at: number, length: number): number {
    for (let next = at; next < length; next++) {
      if (data[next] !== LINE_FEED) continue;
      const text = this.#text + data.toString('latin1', at, next + 1);
      if (this.#state !== 'head' || text.endsWith('\r\n\r\n')) {
        this.#line(text);
        return next + 1;
      }
    }
    this.#text += data.toString('latin1', at, length);
    if (this.#text.length > HEAD_LENGTH_MAX) throw new Error('A response head does not end');
    return length;
  }

  #line(text: string): void {
    this.#text = '';
    switch (this.#state) {
      case 'head':
        return this.#head(text);
      case 'chunkSize':
        return this.#chunk(Number.parseInt(text, 16));
      case 'chunkEnd':
        this.#state = 'chunkSize';
        return;
      default:
        if (text === '\r\n') this.#end();
    }
  }

  #head(text: string): void {
    const status = /^HTTP\/1\.1 (?<status>\d{3})/.exec(text)?.groups?.['status'];
    if (status === undefined) throw new Error(`Not an HTTP response: ${text.slice(0, 40)}`);
    this.#status = Number(status);
    this.#bytes = 0;
    if (/\r\ntransfer-encoding: *chunked\r\n/i.test(text)) {
      this.#state = 'chunkSize';
      return;
    }
    const length = /\r\ncontent-length: *(?<length>\d+)\r\n/i.exec(text)?.groups?.['length'];
    if (length === undefined) throw new Error('A response without Content-Length and chunks');
    this.#left = Number(length);
    this.#state = 'body';
    if (this.#left === 0) this.#end();
  }

  #chunk(size: number): void {
    if (Number.isNaN(size)) throw new Error('A chunk without a size');
    this.#left = size;
    this.#state = size === 0 ? 'trailer' : 'chunkData';
  }

  #end(): void {
    this.#state = 'head';
    const bytes = this.#bytes;
    this.#bytes = 0;
    this.#onResponse({ status: this.#status, bytes });
  }
}
