const BACKOFF_MS = 100;

/** Sends the event on until it is taken; the receiver knows a repeated one by its id. */
export async function deliver(url: string, id: string, body: ArrayBuffer, tries: number): Promise<void> {
  for (let attempt = 1; attempt <= tries; attempt++) {
    const status = await send(url, id, body);
    if (status >= 200 && status < 300) return console.log(`delivered ${id} at try ${attempt}`);
    console.warn(`try ${attempt} of ${id} ended with ${status === 0 ? 'no answer' : status}`);
    if (attempt < tries) await new Promise((done) => setTimeout(done, BACKOFF_MS * 2 ** (attempt - 1)));
  }
  console.error(`gave up ${id} after ${tries} tries`);
}

async function send(url: string, id: string, body: ArrayBuffer): Promise<number> {
  try {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', 'x-delivery-id': id }, body, signal: AbortSignal.timeout(2000) });
    await response.body?.cancel();
    return response.status;
  } catch {
    return 0;
  }
}
