const DEPTH_MAX = 8;
/** Drawn for each form. */
const BOUNDARY = /^(multipart\/form-data; ?boundary=).*[0-9a-f]{32}$/;

/** A value as JSON that is equal exactly when the values look the same to a program. Promises are awaited. */
export async function describe(value, depth = 0) {
  if (depth > DEPTH_MAX) return 'deeper';
  if (typeof value === 'object' && value !== null) return describeObject(value, depth);
  if (typeof value === 'string' && BOUNDARY.test(value)) return { text: 'multipart/form-data; boundary=drawn' };
  if (typeof value === 'string') return { text: [...value].length < 400 ? escaped(value) : `${value.length} units, ${escaped(value.slice(0, 40))}` };
  if (typeof value === 'function' || typeof value === 'symbol') return typeof value;
  return `${typeof value} ${Object.is(value, -0) ? '-0' : String(value)}`;
}

/** Lone surrogates don't survive UTF-8. */
function escaped(text) {
  return text.replace(/[\ud800-\udfff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}

async function describeObject(value, depth) {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const describeTag = TAGS[tag];
  if (describeTag !== undefined) return { [tag]: await describe(await describeTag(value), depth + 1) };
  if (ArrayBuffer.isView(value)) return { [tag]: [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)].join() };
  const told = {};
  const keys = Object.keys(value);
  for (const key of keys.slice(0, 50)) told[escaped(key)] = await describe(value[key], depth + 1);
  return { [tag]: told, length: Array.isArray(value) ? value.length : keys.length };
}

const pick = (names) => (value) => Object.fromEntries(names.map((name) => [name, value[name]]));

const TAGS = {
  ArrayBuffer: (buffer) => [...new Uint8Array(buffer)].join(),
  Date: (date) => date.getTime(),
  Map: (map) => [...map],
  Set: (set) => [...set],
  RegExp: String,
  Error: ({ name, message }) => ({ name, message }),
  DOMException: pick(['name', 'code']),
  URL: pick(['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash']),
  URLSearchParams: (params) => ({ entries: [...params], text: String(params), size: params.size }),
  Headers: (headers) => [...headers],
  Request: (request) => ({ ...pick(['method', 'url', 'redirect', 'bodyUsed'])(request), headers: [...request.headers], body: request.body === null }),
  Response: (response) => ({ ...pick(['status', 'statusText', 'ok', 'redirected', 'type', 'url', 'bodyUsed'])(response), headers: [...response.headers], body: response.body === null }),
  Blob: async (blob) => ({ ...pick(['size', 'type'])(blob), bytes: [...new Uint8Array(await blob.arrayBuffer())].join() }),
  File: async (file) => ({ ...pick(['size', 'type', 'name'])(file), bytes: [...new Uint8Array(await file.arrayBuffer())].join() }),
  FormData: (form) => [...form],
  AbortSignal: ({ aborted, reason }) => ({ aborted, reason: reason instanceof DOMException ? reason.name : reason }),
  AbortController: ({ signal }) => signal,
  Event: pick(['type', 'bubbles', 'cancelable', 'composed', 'defaultPrevented', 'eventPhase']),
  CustomEvent: pick(['type', 'bubbles', 'cancelable', 'detail']),
  TextDecoder: pick(['encoding', 'fatal', 'ignoreBOM']),
  ReadableStream: ({ locked }) => ({ locked }),
  CryptoKey: pick(['type', 'extractable', 'algorithm', 'usages']),
  URLPattern: pick(['protocol', 'hostname', 'port', 'pathname', 'search', 'hash', 'hasRegExpGroups']),
};
