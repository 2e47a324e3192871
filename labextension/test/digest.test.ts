/** The digest of a document's texts, held against the vectors that the Python side runs too. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import * as Y from 'yjs';

import { digestOf, digesting } from '../lib/document/digest.js';

const file = new URL('../../tests/vectors/digest.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf-8')) as { name: string; update: string; digest: string }[];

for (const { name, update, digest } of vectors) {
  test(`the digest of: ${name}`, () => {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Buffer.from(update, 'hex'));
    assert.equal(digestOf(doc), digest);
  });
}

test('a document is read cell by cell, with a step for each, so that a page can do it in slices', () => {
  const doc = new Y.Doc();
  doc.getArray('cells').push(Array.from({ length: 50 }, (_, index) => new Y.Map([['id', `cell${index}`]])));
  assert.equal([...digesting(doc)].length, 50);
});
