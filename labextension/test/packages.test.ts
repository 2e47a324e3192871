/** One copy of each of JupyterLab's packages: a second one would be another notebook, another server, another token. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SHARED = ['@jupyterlab', '@jupyter', '@lumino', '@codemirror'];

/** The packages of these scopes that have brought packages of their own. */
function withOwnPackages(packages: string): string[] {
  const all = SHARED.flatMap(scope => readdirSync(join(packages, scope)).map(name => `${scope}/${name}`));
  return all.filter(name => existsSync(join(packages, name, 'node_modules')));
}

test('no shared package has brought packages of its own', () => {
  assert.deepEqual(withOwnPackages(fileURLToPath(new URL('../node_modules', import.meta.url))), []);
});

test('packages of their own would be found', () => {
  const packages = mkdtempSync(join(tmpdir(), 'packages-'));
  SHARED.forEach(scope => mkdirSync(join(packages, scope, 'part'), { recursive: true }));
  mkdirSync(join(packages, '@lumino', 'part', 'node_modules'));
  assert.deepEqual(withOwnPackages(packages), ['@lumino/part']);
  rmSync(packages, { recursive: true });
});
