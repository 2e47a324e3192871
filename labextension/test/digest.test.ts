/** The digest of a document's texts, held against the vectors that the Python side runs too. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import * as Y from 'yjs';

import { DocumentDigest } from '../lib/document/digest.js';

const file = new URL('../../tests/vectors/digest.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf-8')) as { name: string; update: string; digest: string }[];

for (const { name, update, digest } of vectors) {
  test(`the digest of: ${name}`, () => {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Buffer.from(update, 'hex'));
    assert.equal(new DocumentDigest(doc).read(), digest);
  });
}

const CELLS = 50;

/** A document of many cells, and a copy of it in which others edit. */
function twoDocs(): [Y.Doc, Y.Doc] {
  const [doc, other] = [new Y.Doc(), new Y.Doc()];
  other.on('update', (update: Uint8Array) => Y.applyUpdate(doc, update));
  other.getArray('cells').push(Array.from({ length: CELLS }, (_, index) => newCell(`cell${index}`)));
  return [doc, other];
}

function newCell(id: string): Y.Map<unknown> {
  const source = new Y.Text(`text of ${id}`);
  return new Y.Map<unknown>([
    ['id', id],
    ['cell_type', 'code'],
    ['pos', `a${id}V`],
    ['source', source],
    ['metadata', new Y.Map()]
  ]);
}

const cellOf = (doc: Y.Doc, index: number): Y.Map<unknown> => doc.getArray<Y.Map<unknown>>('cells').get(index);

/** How many texts are read in the course of some work. */
function textsRead(work: () => void): number {
  const read = Reflect.get(Y.Text.prototype, 'toString');
  let count = 0;
  Y.Text.prototype.toString = function () {
    count += 1;
    return read.call(this);
  };
  try {
    work();
  } finally {
    Y.Text.prototype.toString = read;
  }
  return count;
}

const CHANGES: Record<string, (doc: Y.Doc) => void> = {
  'text is typed': doc => (cellOf(doc, 3).get('source') as Y.Text).insert(4, ' more'),
  'text is deleted': doc => (cellOf(doc, 3).get('source') as Y.Text).delete(0, 4),
  'a text is exchanged': doc => cellOf(doc, 3).set('source', new Y.Text('other')),
  'a cell moves': doc => cellOf(doc, 3).set('pos', 'a0V'),
  'a cell gets another type': doc => cellOf(doc, 3).set('cell_type', 'markdown'),
  'a cell is deleted': doc => cellOf(doc, 3).set('deleted', { at: 1, by: 'Ada' }),
  'a cell is gone for good': doc => doc.getArray('cells').delete(3),
  'a cell is added': doc => doc.getArray('cells').push([newCell('new')])
};

for (const [name, change] of Object.entries(CHANGES)) {
  test(`the digest is right when ${name}, and no other cell is read again`, () => {
    const [doc, other] = twoDocs();
    const digest = new DocumentDigest(doc);
    const before = digest.read();
    change(other);
    let after = '';
    const texts = textsRead(() => (after = digest.read()));
    assert.ok(texts <= 1);
    assert.equal(after, new DocumentDigest(doc).read());
    assert.notEqual(after, before);
    digest.dispose();
  });
}

test('all cells are read again after one is told to forget them', () => {
  const digest = new DocumentDigest(twoDocs()[0]);
  digest.read();
  digest.forget();
  assert.equal(
    textsRead(() => digest.read()),
    CELLS
  );
});
