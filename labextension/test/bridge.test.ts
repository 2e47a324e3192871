/** Two texts of two documents are kept the same, whatever is done to either. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { YNotebook, type YCodeCell } from '@jupyter/ydoc';
import * as Y from 'yjs';

import { setText, TextBridge } from '../lib/bind/bridge.js';
import { wellFormed } from '../lib/text/characters.js';

const notebooks: YNotebook[] = [];

afterEach(() => {
  notebooks.splice(0).forEach(notebook => notebook.dispose());
});

/** A person's notebook: one cell for each bridge to the room's text. */
function makeNotebook(source: string, cells = 1): YNotebook {
  const notebook = new YNotebook();
  notebooks.push(notebook);
  for (let index = 0; index < cells; index += 1) {
    notebook.insertCell(index, { cell_type: 'code', source });
    notebook.cells[index].clearUndoHistory();
  }
  return notebook;
}

function bridge(cell: YCodeCell, room: Y.Text, mayWriteRoom = true): TextBridge {
  return new TextBridge({
    own: cell.ysource,
    room,
    mayWriteRoom: () => mayWriteRoom,
    onOwnWritten: () => undefined
  });
}

/** The room's document as one page has it. */
function makeRoom(source = ''): Y.Text {
  const text = new Y.Doc().getText('source');
  text.insert(0, source);
  return text;
}

/** Joins two copies of a document that were apart. */
function merge(one: Y.Text, other: Y.Text): void {
  const docs = [one.doc, other.doc] as [Y.Doc, Y.Doc];
  const states = docs.map(doc => Y.encodeStateAsUpdate(doc));
  docs.forEach((doc, index) => Y.applyUpdate(doc, states[1 - index], 'network'));
}

const codeCell = (notebook: YNotebook, index = 0): YCodeCell => notebook.cells[index] as YCodeCell;

test('what is typed goes to the room, and what others type comes from it', () => {
  const cell = codeCell(makeNotebook('x = 1'));
  const room = makeRoom('x = 1');
  const bound = bridge(cell, room);
  cell.updateSource(5, 5, '0');
  assert.equal(room.toString(), 'x = 10');
  room.insert(0, '# Ada\n');
  assert.equal(cell.getSource(), '# Ada\nx = 10');
  assert.equal(bound.lastShared, '# Ada\nx = 10');
});

test('a change is copied as it was made: other people keep their places', () => {
  const cell = codeCell(makeNotebook('one two three'));
  const room = makeRoom('one two three');
  bridge(cell, room);
  const place = Y.createRelativePositionFromTypeIndex(room, 8);
  cell.ysource.applyDelta([{ insert: 'zero ' }, { retain: 4 }, { delete: 4 }]);
  assert.equal(room.toString(), 'zero one three');
  assert.equal(Y.createAbsolutePositionFromRelativePosition(place, room.doc as Y.Doc)?.index, 9);
});

test('undo takes back what was typed here, and nothing of what others typed', () => {
  const cell = codeCell(makeNotebook('start'));
  const room = makeRoom('start');
  bridge(cell, room);
  cell.updateSource(5, 5, ' mine');
  room.insert(0, 'theirs ');
  assert.ok(cell.undo());
  assert.equal(cell.getSource(), 'theirs start');
  assert.equal(room.toString(), 'theirs start');
  assert.ok(!cell.canUndo());
  assert.ok(cell.redo());
  assert.equal(room.toString(), 'theirs start mine');
});

test('who may not edit gets every change, and makes none', () => {
  const cell = codeCell(makeNotebook('a'));
  const room = makeRoom('a');
  bridge(cell, room, false);
  cell.updateSource(1, 1, '!');
  assert.equal(room.toString(), 'a');
  room.insert(0, 'b');
  assert.equal(cell.getSource(), 'ba');
});

test('nothing is copied any more once the bridge is disposed of', () => {
  const cell = codeCell(makeNotebook('a'));
  const room = makeRoom('a');
  const bound = bridge(cell, room);
  bound.dispose();
  cell.setSource('b');
  room.insert(1, 'c');
  assert.deepEqual([cell.getSource(), room.toString()], ['b', 'ac']);
});

test('an observer that writes in the midst of a change does not set the texts apart', () => {
  const cell = codeCell(makeNotebook('a'));
  const room = makeRoom('a');
  cell.ysource.observe(() => {
    if (cell.getSource().includes('\t')) {
      setText(cell.ysource, cell.getSource().replaceAll('\t', '    '), { name: 'formatter' });
    }
  });
  bridge(cell, room);
  cell.updateSource(1, 1, '\tb');
  assert.equal(cell.getSource(), 'a    b');
  assert.equal(room.toString(), 'a    b');
});

test('a text is set by replacing its middle, and whole characters of it', () => {
  const text = makeRoom('a😀b');
  const changes: unknown[] = [];
  text.observe(event => changes.push(event.delta));
  setText(text, 'a😁b', {});
  setText(text, 'a😁b', {});
  assert.equal(text.toString(), 'a😁b');
  assert.deepEqual(changes, [[{ retain: 1 }, { delete: 2 }, { insert: '😁' }]]);
});

test('an edit that cuts a character reaches the room whole, and leaves no half in the notebook', () => {
  const cell = codeCell(makeNotebook('a😀b'));
  const room = makeRoom('a😀b');
  bridge(cell, room);
  cell.updateSource(2, 3, '\ude01');
  cell.updateSource(0, 0, 'x');
  assert.equal(room.toString(), cell.getSource());
  assert.equal(wellFormed(room.toString()), room.toString());
  assert.match(room.toString(), /^xa.*b$/u);
  const received = new Y.Doc();
  Y.applyUpdate(received, Y.encodeStateAsUpdate(room.doc as Y.Doc));
  assert.equal(received.getText('source').toString(), room.toString());
});

/** A sequence of numbers that is the same each time. */
function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = ['x', '\n', '\r\n', '\r', '😀', '👩‍👩‍👧', '漢字', 'é', '  ', 'print(1)\n'];

function changeAtRandom(cell: YCodeCell, random: (below: number) => number): void {
  const { length } = cell.getSource();
  const piece = PIECES[random(PIECES.length)];
  const start = random(length + 1);
  switch (random(8)) {
    case 0:
      return cell.setSource(piece.repeat(random(4)));
    case 1:
      return void cell.undo();
    case 2:
      return void cell.redo();
    case 3:
    case 4:
      return cell.updateSource(start, Math.min(start + random(5), length));
    default:
      return cell.updateSource(start, start, piece);
  }
}

for (let seed = 1; seed <= 40; seed += 1) {
  test(`three notebooks stay the same through random changes, one with two cells on one room cell (${seed})`, () => {
    const random = makeRandom(seed);
    const rooms = [makeRoom('start 😀'), makeRoom(), makeRoom()];
    merge(rooms[0], rooms[1]);
    merge(rooms[0], rooms[2]);
    const people = rooms.map((_, index) => makeNotebook('start 😀', index === 0 ? 2 : 1));
    const cells = people.flatMap((notebook, index) =>
      notebook.cells.map(cell => ({ cell: cell as YCodeCell, room: rooms[index] }))
    );
    cells.forEach(({ cell, room }) => bridge(cell, room));
    for (let step = 0; step < 80; step += 1) {
      changeAtRandom(cells[random(cells.length)].cell, random);
      if (random(3) === 0) {
        merge(rooms[random(3)], rooms[0]);
      }
    }
    for (const one of rooms) {
      rooms.forEach(other => merge(one, other));
    }
    cells.forEach(({ cell }) => assert.equal(cell.getSource(), rooms[0].toString()));
    rooms.forEach(room => assert.equal(room.toString(), rooms[0].toString()));
  });
}
