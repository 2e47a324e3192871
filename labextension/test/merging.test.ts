/** Cells that are merged and split while others type in them: everything is there, and once. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import * as Y from 'yjs';

import { exchange, openPages, type Page } from './notebooks.js';

const pages: Page[] = [];

afterEach(() => {
  pages.splice(0).forEach(page => page.dispose());
});

function open(...others: string[]): Page[] {
  pages.push(...openPages(['Ada', 'Ben', ...others], ['p', 'q', 'r']));
  return [...pages];
}

function settle(): void {
  exchange(pages);
  const [first, ...others] = pages;
  for (const other of others) {
    assert.deepEqual([other.ids, other.texts, other.types], [first.ids, first.texts, first.types]);
    assert.deepEqual(other.notebook.lateCells, first.notebook.lateCells);
  }
}

/** Merges as JupyterLab's own action does. */
function mergeAsJupyterLab({ notebook }: Page, active: number, others: number[]): void {
  const all = [active, ...others].sort((a, b) => a - b);
  const source = all.map(index => notebook.cells[index].getSource()).join('\n\n');
  notebook.transact(() => {
    notebook.deleteCell(active);
    notebook.insertCell(active, { cell_type: 'code', metadata: {}, source });
    others.sort((a, b) => b - a).forEach(index => notebook.deleteCell(index));
  });
}

for (const [how, merge] of [
  ['by name', (page: Page, active: number, others: number[]) => page.notebook.mergeCells(active, others)],
  ['as JupyterLab does', mergeAsJupyterLab]
] as const) {
  test(`what is typed in a cell that goes into another one is in that one (${how})`, () => {
    const [ada, ben] = open();
    merge(ada, 0, [1]);
    ben.type('q', 'TYPED ', 5);
    settle();
    assert.deepEqual(ada.texts, ['cell p\n\ncell TYPED q', 'cell r']);
    assert.deepEqual(ada.notebook.lateCells, []);
  });

  test(`what is typed in the cell that stays is there, too (${how})`, () => {
    const [ada, ben] = open();
    merge(ada, 1, [0, 2]);
    ben.type('q', 'TYPED ', 5);
    settle();
    assert.deepEqual(ada.texts, ['cell p\n\ncell TYPED q\n\ncell r']);
    assert.deepEqual(ada.ids, ['q']);
  });
}

test('a letter that was deleted in a cell that goes into another one is deleted there', () => {
  const [ada, ben] = open();
  ada.notebook.mergeCells(0, [1]);
  ben.cell('q').updateSource(0, 5, '');
  settle();
  assert.deepEqual(ada.texts, ['cell p\n\nq', 'cell r']);
  assert.deepEqual(ada.notebook.lateCells, []);
});

test('what is typed into an empty cell that goes into another one is in that one', () => {
  const [ada, ben] = open();
  ada.cell('q').setSource('');
  settle();
  ada.notebook.mergeCells(0, [1]);
  ben.type('q', 'TYPED');
  settle();
  assert.deepEqual(ada.texts, ['cell p\n\nTYPED', 'cell r']);
});

test('what is typed in the first part of a cell that is split goes with that part', () => {
  const [ada, ben] = open();
  ada.cell('p').setSource('one\ntwo');
  settle();
  ada.notebook.splitCell(0, [3]);
  assert.deepEqual(ada.texts.slice(0, 2), ['one', 'two']);
  ben.type('p', ' more', 3);
  ben.type('p', ' and', 7 + 5);
  settle();
  assert.deepEqual(ada.texts.slice(0, 2), ['one more', 'two and']);
  assert.equal(ada.ids[1], 'p');
});

test('what is typed in the text that stays when somebody splits it is not taken along', () => {
  const [ada, ben] = open();
  ben.cell('p').setSource('onetwo');
  settle();
  ada.notebook.splitCell(0, [3]);
  settle();
  ben.type('p', 'zero', 0);
  settle();
  assert.deepEqual(ada.texts.slice(0, 2), ['one', 'zerotwo']);
});

test('two who merge the same cells at once have their text once', () => {
  const [ada, ben] = open();
  ada.notebook.mergeCells(0, [1]);
  ben.notebook.mergeCells(0, [1]);
  settle();
  assert.equal(ada.texts[0].split('cell q').length, 2, ada.texts[0]);
  assert.equal(ada.ids.length, 2);
});

test('two who merge one cell into different ones at once have its text once', () => {
  const [ada, ben] = open();
  ada.notebook.mergeCells(0, [1]);
  ben.notebook.mergeCells(2, [1]);
  settle();
  assert.equal(ada.texts.join('\n').split('cell q').length, 2);
  assert.deepEqual(ada.ids, ['p', 'r']);
});

test('two who merge two cells into each other at once have both texts once', () => {
  const [ada, ben] = open();
  ada.notebook.mergeCells(0, [1]);
  ben.notebook.mergeCells(1, [0]);
  settle();
  const all = ada.texts.join('\n');
  assert.deepEqual([all.split('cell p').length, all.split('cell q').length], [2, 2], all);
});

test('a cell that goes into one that goes into another at the same time is there once', () => {
  const [ada, ben, cleo] = open('Cleo');
  ada.notebook.mergeCells(1, [0]);
  ben.notebook.mergeCells(2, [1]);
  cleo.type('p', ' TYPED');
  settle();
  assert.equal(ada.texts.length, 1);
  const [text] = ada.texts;
  assert.deepEqual(
    ['cell p', 'cell q', 'cell r', ' TYPED'].map(part => text.split(part).length),
    [2, 2, 2, 2],
    text
  );
});

test('two who split a cell at once have its text once', () => {
  for (const [mine, theirs] of [[3, 3], [3, 7], [7, 3]]) {
    const [ada, ben] = open();
    ada.cell('p').setSource('one\ntwo\nthree');
    settle();
    ada.notebook.splitCell(0, [mine]);
    ben.notebook.splitCell(0, [theirs]);
    settle();
    const words = ada.texts.slice(0, -2).flatMap(text => text.split('\n'));
    assert.deepEqual(words.filter(word => word !== '').sort(), ['one', 'three', 'two']);
    assert.ok(ada.texts.every(text => text !== ''), JSON.stringify(ada.texts));
    pages.splice(0).forEach(page => page.dispose());
  }
});

test('a cell that is split while it goes into another one has its text once', () => {
  const [ada, ben] = open();
  ada.cell('q').setSource('one\ntwo');
  settle();
  ada.notebook.splitCell(1, [3]);
  ben.notebook.mergeCells(0, [1]);
  settle();
  const all = ada.texts.join(' ');
  assert.deepEqual([all.split('one').length, all.split('two').length], [2, 2], all);
});

test('undo of a merge brings the cells back, with what others typed', () => {
  const [ada, ben] = open();
  ada.notebook.mergeCells(0, [1]);
  settle();
  ben.type('p', 'BEN ', 0);
  settle();
  assert.ok(ada.notebook.undo());
  settle();
  assert.deepEqual(ben.texts, ['BEN cell p', 'cell q', 'cell r']);
  assert.ok(ada.notebook.redo());
  settle();
  assert.deepEqual(ben.texts, ['BEN cell p\n\ncell q', 'cell r']);
});

test('what was typed in what a merge brought in stays when it is undone', () => {
  const [ada, ben] = open();
  ada.notebook.mergeCells(0, [1]);
  settle();
  ben.type('p', ' BEN');
  settle();
  ada.notebook.undo();
  settle();
  assert.deepEqual(ben.texts, ['cell p BEN', 'cell q', 'cell r']);
});

test('undo of a split merges the parts with what others typed in them', () => {
  const [ada, ben] = open();
  ada.cell('p').setSource('one\ntwo');
  settle();
  ada.notebook.splitCell(0, [3]);
  settle();
  ben.type(ben.ids[0], ' BEN');
  ben.type('p', ' TOO');
  settle();
  assert.ok(ada.notebook.undo());
  settle();
  assert.deepEqual(ben.texts, ['one BEN\ntwo TOO', 'cell q', 'cell r']);
  assert.ok(ada.notebook.redo());
  settle();
  assert.deepEqual(ben.texts.slice(0, 2), ['one BEN', 'two TOO']);
});

test('what is typed in a deleted cell is late for everybody, and can be brought back or dismissed', () => {
  const [ada, ben] = open();
  let told = 0;
  ada.notebook.lateCellsChanged.connect(() => (told += 1));
  const gone: object[] = [];
  ben.notebook.cellDeletedByOther.connect((_, cell) => gone.push(cell));
  ada.remove('p');
  ben.type('p', ' LATE');
  settle();
  const [late] = ada.notebook.lateCells;
  assert.deepEqual([late.id, late.source, late.by, late.into], ['p', 'cell p LATE', 'Ada', null]);
  assert.deepEqual([told, gone], [1, [{ id: 'p', by: 'Ada', into: null }]]);
  ben.notebook.restoreLate('p');
  settle();
  assert.deepEqual([ada.texts[0], ada.notebook.lateCells], ['cell p LATE', []]);
  ada.remove('p');
  ben.type('p', ' AGAIN');
  settle();
  assert.equal(ada.notebook.lateCells.length, 1);
  ada.notebook.dismissLate('p');
  settle();
  assert.deepEqual([ben.notebook.lateCells, ben.ids], [[], ['q', 'r']]);
});

test('late text of a merged cell comes back without what went into the other', () => {
  const [ada] = open();
  const [, ben] = pages;
  ada.notebook.mergeCells(0, [1]);
  // Somebody whose page does not know what a merge is.
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(ben.notebook.ydoc));
  const source = doc.getArray<Y.Map<unknown>>('cells').get(1).get('source') as Y.Text;
  source.insert(source.length, ' LATE');
  settle();
  pages.forEach(page => page.receive(Y.encodeStateAsUpdate(doc)));
  assert.deepEqual(ada.notebook.lateCells.map(cell => cell.source), [' LATE']);
  ben.notebook.restoreLate('q');
  settle();
  assert.deepEqual(ada.texts, ['cell p\n\ncell q', ' LATE', 'cell r']);
});

test('a caret is followed into the cell that its text went to', () => {
  const [ada, ben] = open();
  const text = ben.cell('q').ysource;
  const caret = Y.createRelativePositionFromTypeIndex(text, 4, -1);
  assert.deepEqual(ben.notebook.follow(caret), { id: 'q', index: 4 });
  ada.notebook.mergeCells(0, [1]);
  settle();
  assert.deepEqual(ben.notebook.follow(caret), { id: 'p', index: 12 });
  ada.notebook.splitCell(0, [13]);
  settle();
  const place = ben.notebook.follow(caret);
  assert.deepEqual(place && [place.id === ben.ids[0], place.index], [true, 12]);
});
