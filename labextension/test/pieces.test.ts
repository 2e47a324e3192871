/** Updates that are too large for one message. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as Y from 'yjs';

import { RoomNotebook } from '../lib/document/roomnotebook.js';
import { cutUpdate } from '../lib/wire/pieces.js';

const KEYS = ['id', 'cell_type', 'metadata', 'outputs', 'execution_count', 'source'];

const cellsOf = (doc: Y.Doc): Y.Array<Y.Map<unknown>> => doc.getArray('cells');
const sourceOf = (doc: Y.Doc, index: number): Y.Text => cellsOf(doc).get(index).get('source') as Y.Text;
const textsOf = (doc: Y.Doc): string[] => cellsOf(doc).map(cell => String(cell.get('source')));

/** Insert a cell as JupyterLab does: what it must have, and then its text. */
function insertCell(doc: Y.Doc, index: number, id: string, text: string): void {
  doc.transact(() => {
    const cell = new Y.Map<unknown>();
    cellsOf(doc).insert(index, [cell]);
    const values = [id, 'code', new Y.Map(), new Y.Array(), null, new Y.Text(text)];
    KEYS.forEach((key, place) => cell.set(key, values[place]));
  });
}

function copyOf(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  return copy;
}

/** Give the pieces of what `room` lacks to it one by one, as a server takes them. */
function send(room: Y.Doc, mine: Y.Doc, maxBytes: number): Uint8Array[] {
  const pieces = cutUpdate(Y.encodeStateAsUpdate(mine, Y.encodeStateVector(room)), maxBytes);
  for (const piece of pieces) {
    Y.applyUpdate(room, piece);
    assert.equal(room.store.pendingStructs, null, 'a piece builds on what is not there');
    assert.equal(room.store.pendingDs, null, 'a piece deletes what is not there');
    assert.ok(
      cellsOf(room)
        .toArray()
        .every(cell => KEYS.every(key => cell.has(key))),
      'a cell is not whole'
    );
  }
  assert.deepEqual(room.getMap('meta').toJSON(), mine.getMap('meta').toJSON());
  assert.deepEqual(textsOf(room), textsOf(mine));
  assert.deepEqual(Y.encodeStateVector(room), Y.encodeStateVector(mine));
  return pieces;
}

const areSmall = (pieces: readonly Uint8Array[], maxBytes: number): boolean =>
  pieces.every(({ length }) => length <= maxBytes);

function makeRoom(): Y.Doc {
  const room = new Y.Doc();
  insertCell(room, 0, 'first', 'start ');
  insertCell(room, 1, 'second', '');
  return room;
}

test('an update that fits stays as it is', () => {
  const update = Y.encodeStateAsUpdate(makeRoom());
  assert.deepEqual(cutUpdate(update, update.length), [update]);
});

test('a long paste comes in pieces, and in no half characters', () => {
  const room = makeRoom();
  const mine = copyOf(room);
  sourceOf(mine, 0).insert(3, '😀é漢'.repeat(2000));
  const pieces = send(room, mine, 1000);
  assert.ok(areSmall(pieces, 1000));
  assert.ok(pieces.length < 24, `${pieces.length} pieces`);
  assert.ok(!textsOf(room)[0].includes('\ufffd'));
});

test('a long text that others typed into meanwhile becomes the same as if it had come at once', () => {
  const room = makeRoom();
  const mine = copyOf(room);
  sourceOf(mine, 0).insert(6, 'x'.repeat(5000));
  sourceOf(room, 0).insert(6, 'theirs');
  const whole = copyOf(room);
  Y.applyUpdate(whole, Y.encodeStateAsUpdate(mine));
  Y.applyUpdate(mine, Y.encodeStateAsUpdate(room));
  send(room, mine, 1000);
  assert.deepEqual(textsOf(room), textsOf(whole));
});

test('new cells are put in whole, and their long text behind them', () => {
  const room = makeRoom();
  const mine = copyOf(room);
  for (let count = 0; count < 20; count += 1) {
    insertCell(mine, count, `new-${count}`, 'y'.repeat(count % 3 === 0 ? 3000 : 10));
  }
  assert.ok(areSmall(send(room, mine, 1000), 1000));
});

test('a long text that a notebook inserts as a new cell can be cut', () => {
  const notebook = new RoomNotebook();
  notebook.insertCell(0, { cell_type: 'code', source: 'y'.repeat(5000), metadata: { tags: ['x'] } });
  assert.ok(areSmall(send(new Y.Doc(), notebook.ydoc, 2000), 2000));
  notebook.dispose();
});

test('many edits, of several clients that build on each other, come in their order', () => {
  const room = makeRoom();
  let mine = copyOf(room);
  for (let client = 0; client < 5; client += 1) {
    mine = copyOf(mine);
    for (let count = 0; count < 100; count += 1) {
      const text = sourceOf(mine, count % 2);
      text.insert(Math.floor(text.length / 2), `${client}-${count} `);
      if (count % 5 === 0) {
        text.delete(1, 3);
      }
    }
  }
  const pieces = send(room, mine, 2000);
  assert.ok(pieces.length > 5, `${pieces.length} pieces`);
});

test('what cannot be cut is in one that is too large', () => {
  const room = makeRoom();
  const mine = copyOf(room);
  mine.getMap('meta').set('picture', 'z'.repeat(5000));
  sourceOf(mine, 0).insert(0, 'typed');
  const pieces = send(room, mine, 1000);
  assert.equal(pieces.filter(({ length }) => length > 1000).length, 1);
});
