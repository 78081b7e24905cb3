/** What happens to streams, told as a list in the order of events. */

/** Does `work`; tells what it resolved to or threw. */
async function outcome(work) {
  try {
    return ['done', await work()];
  } catch (error) {
    return ['failed', errorName(error)];
  }
}

/** Errors of the program's own are told with their message. */
export function errorName(error) {
  if (!(error instanceof Error || error instanceof DOMException)) return error;
  return OWN.has(error.message) ? `${error.name} ${error.message}` : error.name;
}

const OWN = new Set(['source', 'sink', 'transform', 'controller', 'flush', 'signal']);

/** One that gives `chunks`, then closes, errors or stays open. */
function sourceOf(chunks, end, told, strategy) {
  const left = [...chunks];
  return new ReadableStream(
    {
      pull(controller) {
        if (left.length > 0) return controller.enqueue(left.shift());
        if (end === 'error') controller.error(new RangeError('source'));
        if (end === 'close') controller.close();
      },
      cancel: (reason) => void told.push(['cancelled', errorName(reason)]),
    },
    strategy,
  );
}

async function readAll(stream, told, stopAfter = 100) {
  const reader = stream.getReader();
  for (let reads = 0; ; reads++) {
    if (reads === stopAfter) return told.push(['cancel', ...(await outcome(() => reader.cancel('enough')))]);
    const [ended, result] = await outcome(() => reader.read());
    told.push([ended, result]);
    if (ended === 'failed' || result.done) return told.push(['closed', ...(await outcome(() => reader.closed))]);
  }
}

/** `acts` says for each chunk what the transformer does. */
export async function transform({ chunks, end, acts, flush, stopAfter, readableHighWaterMark }) {
  const told = [];
  const source = [];
  let at = 0;
  const transformer = {
    start: () => void told.push(['start']),
    transform(chunk, controller) {
      const act = acts[at++ % acts.length];
      if (act === 'pass') controller.enqueue(chunk);
      if (act === 'twice') for (let i = 0; i < 2; i++) controller.enqueue([chunk, i]);
      if (act === 'throw') throw new RangeError('transform');
      if (act === 'error') controller.error(new RangeError('controller'));
      if (act === 'terminate') controller.terminate();
      if (act === 'later') return new Promise((resolve) => setTimeout(resolve, 0)).then(() => controller.enqueue(['later', chunk]));
    },
    flush(controller) {
      if (flush === 'enqueue') controller.enqueue('flushed');
      if (flush === 'throw') throw new RangeError('flush');
    },
  };
  const readable = sourceOf(chunks, end, source).pipeThrough(new TransformStream(transformer, undefined, { highWaterMark: readableHighWaterMark }));
  await readAll(readable, told, stopAfter);
  await settled();
  return [source, told];
}

/** What is still on its way when the readers have seen the end. */
function settled() {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Reads a byte stream into views of the program's own. */
export async function bytesInto({ chunks, end, viewSizes, pull, autoAllocateChunkSize }) {
  const told = [];
  const left = [...chunks];
  const stream = new ReadableStream({
    type: 'bytes',
    autoAllocateChunkSize,
    pull(controller) {
      const chunk = left.shift();
      const request = controller.byobRequest;
      told.push(['pull', request === null ? null : request.view.byteLength]);
      if (chunk === undefined) {
        if (end === 'error') return controller.error(new RangeError('source'));
        controller.close();
        return request?.respond(0);
      }
      if (pull === 'respond' && request !== null && chunk.byteLength > 0) {
        const size = Math.min(chunk.byteLength, request.view.byteLength);
        new Uint8Array(request.view.buffer, request.view.byteOffset).set(chunk.subarray(0, size));
        if (size < chunk.byteLength) left.unshift(chunk.subarray(size));
        return request.respond(size);
      }
      controller.enqueue(chunk);
    },
    cancel: (reason) => void told.push(['cancelled', reason]),
  });
  const reader = stream.getReader({ mode: 'byob' });
  for (const size of viewSizes) {
    const [ended, result] = await outcome(() => reader.read(new Uint8Array(size)));
    told.push([ended, ended === 'done' ? { done: result.done, value: result.value, buffer: result.value?.buffer.byteLength } : result]);
  }
  told.push(await outcome(() => reader.cancel('enough')));
  return told;
}

/** Both branches are read, one of them perhaps only for a while. */
export async function tee({ chunks, end, firstReads, secondReads }) {
  const told = [];
  const [first, second] = sourceOf(chunks, end, told).tee();
  const a = [];
  const b = [];
  await Promise.all([readAll(first, a, firstReads), readAll(second, b, secondReads)]);
  await settled();
  return [told, a, b];
}

export async function pipe({ chunks, end, failAt, options, sinkHighWaterMark }) {
  const told = [];
  let writes = 0;
  const sink = new WritableStream(
    {
      write(chunk) {
        told.push(['write', chunk]);
        if (++writes === failAt) throw new RangeError('sink');
      },
      close: () => void told.push(['close']),
      abort: (reason) => void told.push(['abort', errorName(reason)]),
    },
    { highWaterMark: sinkHighWaterMark },
  );
  const source = sourceOf(chunks, end, told, { highWaterMark: 0 });
  told.push(await outcome(() => source.pipeTo(sink, options)), [source.locked, sink.locked]);
  const writer = sink.getWriter();
  told.push(['write', ...(await outcome(() => writer.write('after')))], ['desired', writer.desiredSize === null ? null : Math.sign(writer.desiredSize)]);
  return told;
}

export async function piped({ chunks, end, aborted }) {
  const told = [];
  const source = [];
  const controller = new AbortController();
  if (aborted === 'before') controller.abort(new RangeError('signal'));
  const readable = sourceOf(chunks, end, source, { highWaterMark: 0 });
  const sink = new WritableStream({ write: (chunk) => (aborted === 'during' ? controller.abort('during') : told.push(['write', chunk])), abort: (reason) => void told.push(['abort', errorName(reason)]) });
  told.push(await outcome(() => readable.pipeTo(sink, { signal: controller.signal })));
  await settled();
  return [source, told];
}

export async function decoded({ chunks, label, options }) {
  const told = [];
  const source = [];
  const [ended, stream] = await outcome(() => sourceOf(chunks, 'close', source).pipeThrough(new TextDecoderStream(label, options)));
  if (ended === 'failed') return stream;
  await readAll(stream, told);
  await settled();
  return [source, told];
}

export async function encoded({ chunks }) {
  const told = [];
  await readAll(sourceOf(chunks, 'close', told).pipeThrough(new TextEncoderStream()), told);
  return told;
}

export async function iterated({ chunks, end, stopAfter, preventCancel }) {
  const told = [];
  const stream = sourceOf(chunks, end, told);
  let left = stopAfter;
  const [ended, error] = await outcome(async () => {
    for await (const chunk of stream.values({ preventCancel })) {
      told.push(chunk);
      if (--left === 0) break;
    }
  });
  return [...told, ended, error, stream.locked];
}

/** Chunks of different sizes of a compressed text, perhaps cut or changed on the way. */
export async function compressed({ chunks, format, damage, at, extra }) {
  const bytes = await joined(sourceOf(chunks, 'close', []).pipeThrough(new CompressionStream(format)));
  const sent = damage === 'cut' ? bytes.slice(0, at % (bytes.length + 1)) : damage === 'append' ? new Uint8Array([...bytes, ...extra]) : bytes;
  const half = at % (sent.length + 1);
  return outcome(() => joined(sourceOf([sent.slice(0, half), sent.slice(half)], 'close', []).pipeThrough(new DecompressionStream(format))));
}

async function joined(stream) {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
