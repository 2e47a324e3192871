/** What somebody deletes stays deleted, and takes nothing along that others typed. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import * as Y from 'yjs';

import { exchange, openPages, Page } from './notebooks.js';

/** The names of records are chance, and which of them counts depends on them. */
const ROUNDS = 20;

let pages: Page[] = [];

afterEach(() => {
  pages.forEach(page => page.dispose());
});

/** Three people's notebooks of the cells p, q and r, in which q is `WORD one` and `two`, a line each. */
function open(): Page[] {
  pages.forEach(page => page.dispose());
  pages = openPages(['Ada', 'Ben', 'Cleo'], ['p', 'q', 'r']);
  pages[0].cell('q').setSource('WORD one\ntwo');
  exchange(pages);
  return pages;
}

/** Deletes `WORD` in the cell in which it is. */
function deleteWord(page: Page): void {
  const cell = page.notebook.cells.find(candidate => candidate.getSource().includes('WORD'));
  const start = cell?.getSource().indexOf('WORD') ?? 0;
  cell?.updateSource(start, start + 'WORD '.length, '');
}

/** The word is gone, and the others are there once. */
function seeOnlyTheRest(page: Page): void {
  const words = page.texts.join(' ').match(/WORD|one|two/g);
  assert.deepEqual(words?.sort(), ['one', 'two'], page.texts.join('|'));
}

/** The page that somebody has after a reload, with what the browser kept. */
function reload(page: Page): Page {
  const later = new Page(page.name, 2000);
  pages.push(later);
  later.receive(Y.encodeStateAsUpdate(page.notebook.ydoc));
  later.notebook.adopt([page.notebook.ydoc.clientID]);
  return later;
}

const merge = (into: number) => (page: Page) => page.notebook.mergeCells(into, [1]);
const split = (page: Page): void => page.notebook.splitCell(1, ['WORD one\n'.length]);

for (const [what, [byAda, byBen]] of Object.entries({
  'merge its cell': [merge(0), merge(2)],
  'merge its cell into one': [merge(0), merge(0)],
  'split its cell': [split, split],
  'merge and split its cell': [merge(0), split]
})) {
  test(`a word is gone that one deletes while two ${what}`, () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [ada, ben, cleo] = open();
      deleteWord(cleo);
      byAda(ada);
      byBen(ben);
      exchange([cleo, ada, ben]);
      pages.forEach(seeOnlyTheRest);
    }
  });

  test(`a word is gone that one of two who ${what} deletes after that`, () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [ada, ben] = open();
      byAda(ada);
      byBen(ben);
      deleteWord(ada);
      exchange(pages);
      pages.forEach(seeOnlyTheRest);
    }
  });
}

for (const [what, act] of Object.entries({ merges: merge(0), splits: split })) {
  test(`a word is gone that one deleted offline and before a reload, though somebody ${what} its cell`, () => {
    const [ada, ben] = open();
    deleteWord(ada);
    const later = reload(ada);
    act(ben);
    ben.sent.splice(0).forEach(update => later.receive(update));
    seeOnlyTheRest(later);
  });

  test(`a word is gone that one deleted in a piece before a reload, though somebody ${what} its cell`, () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [ada, ben] = open();
      split(ada);
      deleteWord(ada);
      const later = reload(ada);
      act(ben);
      ben.sent.splice(0).forEach(update => later.receive(update));
      seeOnlyTheRest(later);
    }
  });

  test(`a word is gone that a program deleted before somebody ${what} its cell who did not know`, () => {
    const [ada, ben] = open();
    const program = new Y.Doc();
    Y.applyUpdate(program, Y.encodeStateAsUpdate(ada.notebook.ydoc));
    const cells = program.getArray<Y.Map<unknown>>('cells').toArray();
    (cells.find(cell => cell.get('id') === 'q')?.get('source') as Y.Text).delete(0, 'WORD '.length);
    const update = Y.encodeStateAsUpdate(program);
    program.destroy();
    act(ben);
    ada.receive(update);
    exchange(pages);
    seeOnlyTheRest(ada);
  });
}

test('who deletes a cell again after an undo takes nothing along that others typed since', () => {
  const [ada, ben] = open();
  const kept: string[] = [];
  ada.notebook.cellsKept.connect((_, ids) => kept.push(...ids));
  ada.remove('q');
  exchange(pages);
  ada.notebook.undo();
  exchange(pages);
  ben.type('q', ' BEN');
  exchange(pages);
  ada.notebook.redo();
  exchange(pages);
  assert.deepEqual(ben.texts, ['cell p', 'WORD one\ntwo BEN', 'cell r']);
  assert.deepEqual(kept, ['q']);
});

test('who deletes a cell again after an undo deletes what was in it and what they typed since', () => {
  const [ada, ben] = open();
  ben.type('q', ' BEN');
  exchange(pages);
  ada.remove('q');
  ada.notebook.undo();
  ada.type('q', ' ADA');
  ada.notebook.redo();
  exchange(pages);
  assert.deepEqual(ben.texts, ['cell p', 'cell r']);
  assert.deepEqual(ben.notebook.lateCells, []);
});

test('a cell that was cut and is pasted has its text, though it has gone into another one meanwhile', () => {
  const [ada, ben] = open();
  const cut = ada.cell('q').toJSON();
  ada.notebook.mergeCells(0, [1]);
  exchange(pages);
  ada.notebook.insertCell(2, { ...cut, id: 'q' } as Parameters<Page['notebook']['insertCell']>[1]);
  exchange(pages);
  assert.deepEqual(ben.texts, ['cell p\n\nWORD one\ntwo', 'cell r', 'WORD one\ntwo']);
  ben.notebook.cells.forEach(cell => assert.notEqual(cell.id, 'q'));
});

test('a word is gone that one deletes, and takes the document anew, while another merges or splits its cell', () => {
  for (const act of [merge(0), split]) {
    const [ada, , cleo] = open();
    deleteWord(cleo);
    act(ada);
    const later = new Page('Cleo', 2000);
    pages.push(later);
    later.notebook.adopt([cleo.notebook.ydoc.clientID]);
    [ada, cleo].forEach(page => later.receive(Y.encodeStateAsUpdate(page.notebook.ydoc)));
    later.notebook.takeOver(cleo.notebook);
    seeOnlyTheRest(later);
    if (act === split) {
      // The characters are deleted where they were, and nobody can tell by whom.
      continue;
    }
    // What the room did not take is not deleted.
    const other = new Page('Cleo', 3000);
    pages.push(other);
    other.receive(Y.encodeStateAsUpdate(ada.notebook.ydoc));
    other.notebook.takeOver(cleo.notebook);
    assert.deepEqual(other.texts, ada.texts);
    assert.equal(other.texts.join().split('WORD').length, 2);
  }
});
