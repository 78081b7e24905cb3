import assert from 'node:assert/strict';
import test from 'node:test';
import { artefactKey, type ArtefactIngredients } from './artefact-key.ts';

const ingredients: ArtefactIngredients = { script: 'a', wasm: [new Uint8Array([1])], host: 'h', snapshotBytesMin: 5 };

test('the same ingredients give the same key', () => {
  assert.match(artefactKey(ingredients), /^[0-9a-f]{64}$/u);
  assert.equal(artefactKey(ingredients), artefactKey({ ...ingredients, wasm: [new Uint8Array([1])] }));
});

test('each ingredient counts, and so does where one ends', () => {
  const others: Partial<ArtefactIngredients>[] = [
    { script: 'b' },
    { script: 'ah', host: '' },
    { host: 'i' },
    { wasm: [] },
    { wasm: [new Uint8Array([2])] },
    { wasm: [new Uint8Array([1]), new Uint8Array([])] },
    { snapshotBytesMin: 6 },
  ];
  const keys = [ingredients, ...others.map((other) => ({ ...ingredients, ...other }))].map(artefactKey);
  assert.equal(new Set(keys).size, keys.length);
});
