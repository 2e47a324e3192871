/**
 * The folders of the sources, from the bottom up: a module imports those of its own folder and of the layers below,
 * never in a circle, and no name stands for two things.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

/** From the bottom up. The folders of one layer do not know each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['text', 'ui'],
  ['document'],
  ['wire'],
  ['rest', 'keep'],
  ['rooms'],
  ['editor', 'render', 'share'],
  ['pane', 'bind'],
  ['widget'],
  ['plugins'],
  ['index.ts']
];

type Graph = ReadonlyMap<string, readonly string[]>;

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function listModules(folder: string): string[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf-8' });
  return files.map(file => file.replaceAll('\\', '/')).filter(file => /\.tsx?$/.test(file));
}

/** The modules of ours that a module imports, types included. */
function importsOf(module: string, modules: ReadonlySet<string>): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, 'src', module), 'utf-8'));
  const ours = importedFiles.map(file => file.fileName).filter(name => name.startsWith('.'));
  return ours.map(name => {
    const path = posix.join(posix.dirname(module), name.replace(/\.js$/, ''));
    const found = [`${path}.ts`, `${path}.tsx`, `${path}/index.ts`].find(file => modules.has(file));
    return found ?? assert.fail(`${module} imports ${name}, which does not exist`);
  });
}

/** The folder of the sources in which a module is; of one that is in none, its own name. */
function folderOf(module: string): string {
  return module.split('/')[0];
}

function layerOf(module: string): number {
  return LAYERS.findIndex(layer => layer.includes(folderOf(module)));
}

/** The imports in a graph that lead neither into the module's own folder nor down. */
function findForbidden(graph: Graph): string[] {
  const isAllowed = (module: string, other: string): boolean =>
    folderOf(other) === folderOf(module) || layerOf(other) < layerOf(module);
  return [...graph].flatMap(([module, imports]) =>
    imports.filter(other => !isAllowed(module, other)).map(other => `${module} -> ${other}`)
  );
}

/** A circle in a graph of imports, or null. */
function findCircle(graph: Graph): string[] | null {
  const done = new Set<string>();
  const visit = (module: string, path: string[]): string[] | null => {
    if (path.includes(module)) {
      return [...path.slice(path.indexOf(module)), module];
    }
    if (done.has(module)) {
      return null;
    }
    for (const other of graph.get(module) ?? []) {
      const circle = visit(other, [...path, module]);
      if (circle) {
        return circle;
      }
    }
    done.add(module);
    return null;
  };
  for (const module of graph.keys()) {
    const circle = visit(module, []);
    if (circle) {
      return circle;
    }
  }
  return null;
}

/** The file names that stand in several places, each with these. */
function findDoubled(paths: readonly string[]): string[][] {
  const names = new Set(paths.map(path => posix.basename(path)));
  const places = [...names].map(name => paths.filter(path => posix.basename(path) === name));
  return places.filter(({ length }) => length > 1);
}

const modules = new Set(listModules('src'));
const imports: Graph = new Map([...modules].map(module => [module, importsOf(module, modules)]));

test('every module is in a folder that has its layer', () => {
  assert.ok(modules.has('wire/protocol.ts'), 'no sources found');
  assert.deepEqual(
    [...modules].filter(module => layerOf(module) < 0),
    []
  );
});

test('every folder of a layer is there', () => {
  const folders = new Set([...modules].map(folderOf));
  assert.deepEqual(
    LAYERS.flat().filter(folder => !folders.has(folder)),
    []
  );
});

test('modules import only from their own folder and from the layers below', () => {
  assert.deepEqual(findForbidden(imports), []);
});

test('no modules import each other in a circle', () => {
  assert.equal(findCircle(imports), null);
});

test('no file name stands for two things', () => {
  const ofPage = listModules('page').map(file => `page/${file}`);
  assert.ok(ofPage.includes('page/main.ts'), 'no sources of the page found');
  assert.deepEqual(findDoubled([...modules, ...ofPage]), []);
});

test('what the rules forbid would be found', () => {
  const upward: Graph = new Map([['wire/pacer.ts', ['rooms/room.ts', 'document/digest.ts', 'wire/outbox.ts']]]);
  assert.deepEqual(findForbidden(upward), ['wire/pacer.ts -> rooms/room.ts']);
  const beside: Graph = new Map([['pane/pane.ts', ['bind/binder.ts', 'share/sharing.ts']]]);
  assert.deepEqual(findForbidden(beside), ['pane/pane.ts -> bind/binder.ts']);
  const circle: Graph = new Map([
    ['rooms/room.ts', ['rooms/manager.ts']],
    ['rooms/manager.ts', ['rooms/room.ts']]
  ]);
  assert.deepEqual(findCircle(circle), ['rooms/room.ts', 'rooms/manager.ts', 'rooms/room.ts']);
  assert.deepEqual(findDoubled(['pane/a.ts', 'share/a.ts', 'share/b.ts']), [['pane/a.ts', 'share/a.ts']]);
});
