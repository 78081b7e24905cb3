import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { placePackages } from './place-packages.ts';

type Graph = Record<string, Record<string, string>>;

function place(app: Record<string, string>, graph: Graph): Record<string, string> {
  return Object.fromEntries(placePackages(new Map(Object.entries(app)), new Map(Object.entries(graph).map(([folder, uses]) => [folder, new Map(Object.entries(uses))]))));
}

/** Node's rule, written apart from the code that is tested. */
function resolve(places: Record<string, string>, from: string, name: string): string | undefined {
  const parts = from === '' ? [] : from.split('/node_modules/').flatMap((part) => part.replace(/^node_modules\//, ''));
  for (let depth = parts.length; depth >= 0; depth--) {
    const path = [...parts.slice(0, depth), name].map((part) => `node_modules/${part}`).join('/');
    if (places[path] !== undefined) return places[path];
  }
  return undefined;
}

test('packages of a store are laid out at the top', () => {
  assert.deepEqual(place({ a: '/store/a1' }, { '/store/a1': { '@s/b': '/store/b1' }, '/store/b1': { a: '/store/a1' } }), {
    'node_modules/a': '/store/a1',
    'node_modules/@s/b': '/store/b1',
  });
});

test('another version goes below the one that needs it', () => {
  assert.deepEqual(place({ a: '/a1', b: '/b1' }, { '/b1': { a: '/a2' }, '/a2': { c: '/c1' } }), {
    'node_modules/a': '/a1',
    'node_modules/b': '/b1',
    'node_modules/b/node_modules/a': '/a2',
    'node_modules/c': '/c1',
  });
});

test('a package that imports itself by name needs nothing', () => {
  assert.deepEqual(place({ a: '/a1' }, { '/a1': { a: '/a1' } }), { 'node_modules/a': '/a1' });
});

test('versions that need each other in a circle end with an error', () => {
  const circle = { '/a1': { b: '/b1' }, '/b1': { a: '/a2' }, '/a2': { b: '/b2' }, '/b2': { a: '/a1' } };
  assert.throws(() => place({ a: '/a1', b: '/b2' }, circle), { code: 'build_failed' });
});

test('every import resolves as before, for any graph without circles', () => {
  const names = ['a', 'b', '@s/c', 'd'];
  const versions = [1, 2, 3];
  const uses = fc.dictionary(fc.constantFrom(...names), fc.constantFrom(...versions));
  const graphs = fc.record({ app: uses, packages: fc.array(uses, { minLength: names.length * versions.length, maxLength: names.length * versions.length }) });
  fc.assert(
    fc.property(graphs, ({ app, packages }) => {
      const toFolders = (each: Record<string, number>, after: number) =>
        Object.fromEntries(Object.entries(each).filter(([name]) => names.indexOf(name) > after).map(([name, version]) => [name, `/${name}${version}`]));
      const graph: Graph = {};
      names.forEach((name, nameIndex) => versions.forEach((version, versionIndex) => {
        graph[`/${name}${version}`] = toFolders(packages[nameIndex * versions.length + versionIndex] ?? {}, nameIndex);
      }));
      const appUses = toFolders(app, -1);
      const places = place(appUses, graph);
      for (const [name, folder] of Object.entries(appUses)) assert.equal(resolve(places, '', name), folder);
      for (const [path, here] of Object.entries(places)) {
        for (const [name, folder] of Object.entries(graph[here] ?? {})) assert.equal(resolve(places, path, name), folder);
      }
    }),
  );
});
