/** Imports go downwards only, and never in a circle. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

/** From the bottom up. A module may import those of its own layer and of the layers below. */
const LAYERS: readonly (readonly string[])[] = [
  ['text/', 'ui/'],
  ['document/'],
  ['wire/'],
  ['rest/'],
  ['keep/'],
  ['rooms/'],
  [
    'share/',
    'pane/',
    'carets.ts',
    'compositions.ts',
    'linebreaks.ts',
    'loading.ts',
    'outputnotes.ts',
    'pasting.ts',
    'readonly.ts',
    'sanitizer.ts',
    'surrogates.ts',
    'svgimage.ts',
    'trust.ts'
  ],
  ['editors.ts'],
  ['bind/'],
  ['plugins/', 'widget/'],
  ['index.ts']
];

const SOURCES = fileURLToPath(new URL('../src', import.meta.url));

function listModules(): string[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf-8' });
  return files.map(file => file.replaceAll('\\', '/')).filter(file => /\.tsx?$/.test(file));
}

/** The modules of ours that a module imports, types included. */
function importsOf(module: string, modules: ReadonlySet<string>): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(SOURCES, module), 'utf-8'));
  const ours = importedFiles.map(file => file.fileName).filter(name => name.startsWith('.'));
  return ours.map(name => {
    const path = posix.join(posix.dirname(module), name.replace(/\.js$/, ''));
    const found = [`${path}.ts`, `${path}.tsx`, `${path}/index.ts`].find(file => modules.has(file));
    return found ?? assert.fail(`${module} imports ${name}, which does not exist`);
  });
}

function layerOf(module: string): number {
  const isIn = (name: string): boolean => (name.endsWith('/') ? module.startsWith(name) : module === name);
  return LAYERS.findIndex(layer => layer.some(isIn));
}

/** The upward imports in a graph of imports. */
function findUpward(graph: ReadonlyMap<string, readonly string[]>): string[] {
  return [...graph].flatMap(([module, imports]) =>
    imports.filter(other => layerOf(other) > layerOf(module)).map(other => `${module} -> ${other}`)
  );
}

/** A circle in a graph of imports, or null. */
function findCircle(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
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

const modules = new Set(listModules());
const imports = new Map([...modules].map(module => [module, importsOf(module, modules)]));

test('every module has its layer', () => {
  assert.ok(modules.has('wire/protocol.ts'), 'no sources found');
  assert.deepEqual(
    [...modules].filter(module => layerOf(module) < 0),
    []
  );
});

test('no module imports from a layer above its own', () => {
  assert.deepEqual(findUpward(imports), []);
});

test('no modules import each other in a circle', () => {
  assert.equal(findCircle(imports), null);
});

test('an upward import and a circle would be found', () => {
  assert.deepEqual(findUpward(new Map([['wire/pacer.ts', ['rooms/room.ts']]])), ['wire/pacer.ts -> rooms/room.ts']);
  const circle = new Map([
    ['rooms/room.ts', ['rooms/manager.ts']],
    ['rooms/manager.ts', ['rooms/room.ts']]
  ]);
  assert.deepEqual(findCircle(circle), ['rooms/room.ts', 'rooms/manager.ts', 'rooms/room.ts']);
});
