/** Responses that apps have stored, in memory: the least recently used give way, first those of the app that stores. */

export interface StoredResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array<ArrayBuffer>;
  /** request headers that must be the same */
  readonly vary: readonly (readonly [string, string | undefined])[];
  readonly storedMs: number;
  readonly expiresMs: number;
}

interface Entry {
  readonly response: StoredResponse;
  readonly bytes: number;
  used: number;
}

interface AppEntries {
  /** variants by key, the least recently used key first */
  readonly byKey: Map<string, Entry[]>;
  bytes: number;
}

/** What a stored response takes besides its texts and bytes. */
const OVERHEAD_BYTES = 512;

export interface CacheLimits {
  readonly appBytesMax: number;
  readonly bytesMax: number;
}

export class AppCaches {
  readonly #limits: CacheLimits;
  readonly #apps = new Map<string, AppEntries>();
  /** bodies that are being read, by app */
  readonly #reserved = new Map<string, number>();
  #bytes = 0;
  #uses = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  get appBytesMax(): number {
    return this.#limits.appBytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Sets memory aside for a body that comes; false: there is none. To be given back with a negative number. */
  reserve(app: string, bytes: number): boolean {
    const reserved = (this.#reserved.get(app) ?? 0) + bytes;
    if (bytes > 0 && reserved > this.#limits.appBytesMax) return false;
    if (reserved === 0) this.#reserved.delete(app);
    else this.#reserved.set(app, reserved);
    return true;
  }

  /** `header` tells the request's. What has expired is dropped. */
  find(app: string, key: string, header: (name: string) => string | undefined, nowMs: number): StoredResponse | undefined {
    const entries = this.#apps.get(app);
    const variants = entries?.byKey.get(key);
    if (entries === undefined || variants === undefined) return undefined;
    for (const entry of variants.filter(({ response }) => response.expiresMs <= nowMs)) this.#drop(app, entries, key, entry);
    const found = variants.find(({ response }) => matches(response, header));
    if (found === undefined) return undefined;
    found.used = ++this.#uses;
    entries.byKey.delete(key);
    entries.byKey.set(key, variants);
    return found.response;
  }

  /** Replaces what was stored for the same request. False when it is larger than an app may store. */
  put(app: string, key: string, response: StoredResponse, header: (name: string) => string | undefined): boolean {
    const bytes = sizeOf(key, response);
    if (bytes > this.#limits.appBytesMax) return false;
    this.delete(app, key, header);
    const entries = this.#entriesOf(app);
    const variants = entries.byKey.get(key) ?? [];
    variants.push({ response, bytes, used: ++this.#uses });
    entries.byKey.delete(key);
    entries.byKey.set(key, variants);
    entries.bytes += bytes;
    this.#bytes += bytes;
    while (entries.bytes > this.#limits.appBytesMax) this.#dropOldest(app, entries);
    while (this.#bytes > this.#limits.bytesMax) this.#dropOldestOfAll();
    return true;
  }

  delete(app: string, key: string, header: (name: string) => string | undefined): boolean {
    const entries = this.#apps.get(app);
    const found = entries?.byKey.get(key)?.find(({ response }) => matches(response, header));
    if (entries === undefined || found === undefined) return false;
    this.#drop(app, entries, key, found);
    return true;
  }

  /** Forgets everything of an app. */
  clear(app: string): void {
    this.#bytes -= this.#apps.get(app)?.bytes ?? 0;
    this.#apps.delete(app);
  }

  #entriesOf(app: string): AppEntries {
    let entries = this.#apps.get(app);
    if (entries === undefined) this.#apps.set(app, (entries = { byKey: new Map(), bytes: 0 }));
    return entries;
  }

  #drop(app: string, entries: AppEntries, key: string, entry: Entry): void {
    const variants = entries.byKey.get(key) ?? [];
    variants.splice(variants.indexOf(entry), 1);
    if (variants.length === 0) entries.byKey.delete(key);
    entries.bytes -= entry.bytes;
    this.#bytes -= entry.bytes;
    if (entries.byKey.size === 0) this.#apps.delete(app);
  }

  #dropOldest(app: string, entries: AppEntries): void {
    const [key, variants] = entries.byKey.entries().next().value ?? ['', []];
    const oldest = variants.toSorted((a, b) => a.used - b.used)[0];
    if (oldest !== undefined) this.#drop(app, entries, key, oldest);
  }

  #dropOldestOfAll(): void {
    let oldest: { app: string; entries: AppEntries; used: number } | undefined;
    for (const [app, entries] of this.#apps) {
      const used = Math.min(...(entries.byKey.values().next().value ?? []).map((entry) => entry.used));
      if (oldest === undefined || used < oldest.used) oldest = { app, entries, used };
    }
    if (oldest !== undefined) this.#dropOldest(oldest.app, oldest.entries);
  }
}

function matches({ vary }: StoredResponse, header: (name: string) => string | undefined): boolean {
  return vary.every(([name, value]) => header(name) === value);
}

function sizeOf(key: string, { headers, body, statusText, vary }: StoredResponse): number {
  const texts = [key, statusText, ...headers, ...vary.flatMap(([name, value = '']) => [name, value])];
  return OVERHEAD_BYTES + body.length + texts.reduce((units, text) => units + text.length * 2, 0);
}
