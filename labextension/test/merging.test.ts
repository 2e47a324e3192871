/** Cells that are merged and split while others type in them: everything is there, and once. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import type { SharedCell } from '@jupyter/ydoc';
import type { IAttachments, IMarkdownCell } from '@jupyterlab/nbformat';
import * as Y from 'yjs';

import { exchange, openPages, type Page } from './notebooks.js';

/** The names of records are chance, and which of them counts depends on them. */
const ROUNDS = 20;

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
    notebook.insertCell(active, toCell(source));
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

test('who may edit again puts in order at once what came while they might not', () => {
  const [ada, ben] = open();
  ben.type('q', 'TYPED ', 5);
  ada.notebook.mergeCells(0, [1]);
  ben.notebook.readOnly = true;
  settle();
  assert.deepEqual(
    ada.notebook.lateCells.map(cell => cell.source),
    ['TYPED ']
  );
  ben.notebook.readOnly = false;
  settle();
  assert.deepEqual(ada.texts, ['cell p\n\ncell TYPED q', 'cell r']);
  assert.deepEqual(ada.notebook.lateCells, []);
});

for (const [how, act] of [
  ['merged', (page: Page) => page.notebook.mergeCells(0, [1])],
  ['split', (page: Page) => page.notebook.splitCell(1, [page.cell('q').getSource().length - 4])]
] as const) {
  test(`what is typed in many places of a cell that is ${how} goes along in one record`, () => {
    const [ada, ben] = open();
    const lines = Array.from({ length: 60 }, (_, line) => `line ${line}`);
    ada.cell('q').setSource([...lines, 'last'].join('\n'));
    settle();
    act(ada);
    const indented = lines.map(line => `    ${line}`).join('\n');
    ben.cell('q').setSource(`${indented}\nlast`);
    settle();
    assert.match(ada.texts.join(), new RegExp(indented));
    assert.ok(recordsIn(ada).length <= 2, `${recordsIn(ada).length} records`);
  });
}

test('what is typed into an empty cell that goes into another one is in that one', () => {
  const [ada, ben] = open();
  ada.cell('q').setSource('');
  settle();
  ada.notebook.mergeCells(0, [1]);
  ben.type('q', 'TYPED');
  settle();
  assert.deepEqual(ada.texts, ['cell p\n\nTYPED', 'cell r']);
});

/** The pieces that JupyterLab's action makes of a text. */
function piecesOf(source: string, places: number[]): string[] {
  const ends = [...places, source.length];
  return ends.map((end, index) => source.slice(ends[index - 1] ?? 0, end).replace(/^\n+|\n+$/g, ''));
}

function toCell(source: string): SharedCell.Cell {
  return { cell_type: 'code', metadata: { tags: ['x'] }, source };
}

/** Splits as JupyterLab's own action does. */
function splitAsJupyterLab({ notebook }: Page, index: number, places: number[]): void {
  const cell = notebook.cells[index];
  const pieces = piecesOf(cell.getSource(), places);
  notebook.transact(() => {
    notebook.insertCells(index, pieces.slice(0, -1).map(toCell));
    cell.setSource(pieces[pieces.length - 1]);
  });
}

/** Splits as an extension may do it. */
function splitByReplacing({ notebook }: Page, index: number, places: number[]): void {
  const pieces = piecesOf(notebook.cells[index].getSource(), places);
  notebook.transact(() => {
    notebook.deleteCell(index);
    notebook.insertCells(index, pieces.map(toCell));
  });
}

for (const [how, split] of [
  ['by name', (page: Page, index: number, places: number[]) => page.notebook.splitCell(index, places)],
  ['as JupyterLab does', splitAsJupyterLab],
  ['by other cells in its place', splitByReplacing]
] as const) {
  test(`what is typed in the first part of a cell that is split goes with that part (${how})`, () => {
    const [ada, ben] = open();
    ada.cell('p').setSource('one\ntwo');
    settle();
    split(ada, 0, [3]);
    assert.deepEqual(ada.texts.slice(0, 2), ['one', 'two']);
    ben.type('p', ' more', 3);
    ben.type('p', ' and', 7 + 5);
    settle();
    assert.deepEqual(ada.texts.slice(0, 2), ['one more', 'two and']);
    assert.equal(ada.ids[1], 'p');
  });

  test(`what is typed in the text that stays when somebody splits it is not taken along (${how})`, () => {
    const [ada, ben] = open();
    ben.cell('p').setSource('onetwo');
    settle();
    split(ada, 0, [3]);
    settle();
    ben.type('p', 'zero', 0);
    settle();
    assert.deepEqual(ada.texts.slice(0, 2), ['one', 'zerotwo']);
  });

  test(`what is typed in the middle of three pieces is in it (${how})`, () => {
    const [ada, ben] = open();
    ada.cell('p').setSource('[a]\n\n[b]\n[c]');
    settle();
    split(ada, 0, [3, 8]);
    ben.type('p', 'BEN', 6);
    settle();
    assert.deepEqual(ada.texts.slice(0, 3), ['[a]', '[BENb]', '[c]']);
  });

  test(`what is typed at the border of pieces that begin alike does not tear them (${how})`, () => {
    const [ada, ben] = open();
    ben.cell('p').setSource('[one][two]');
    settle();
    split(ada, 0, [5]);
    ben.type('p', 'BEN', 6);
    settle();
    assert.deepEqual(ada.texts.slice(0, 2), ['[one]', '[BENtwo]']);
  });

  test(`undo of a split merges the parts with what others typed in them (${how})`, () => {
    const [ada, ben] = open();
    ada.cell('p').setSource('one\ntwo');
    settle();
    split(ada, 0, [3]);
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

  test(`a split whose last piece somebody deleted is not undone: its first one would be lost (${how})`, () => {
    const [ada, ben] = open();
    ada.cell('p').setSource('one\ntwo');
    settle();
    split(ada, 0, [3]);
    settle();
    ben.remove('p');
    settle();
    ada.notebook.undo();
    settle();
    assert.ok(ada.texts.includes('one'), JSON.stringify(ada.texts));
  });

  test(`two who split a cell at once have its text once (${how})`, () => {
    for (const [mine, theirs] of [
      [3, 3],
      [3, 7],
      [7, 3]
    ]) {
      const [ada, ben] = open();
      ada.cell('p').setSource('one\ntwo\nthree');
      settle();
      split(ada, 0, [mine]);
      split(ben, 0, [theirs]);
      settle();
      const words = ada.texts.slice(0, -2).flatMap(text => text.split('\n'));
      assert.deepEqual(words.filter(word => word !== '').sort(), ['one', 'three', 'two']);
      assert.ok(
        ada.texts.every(text => text !== ''),
        JSON.stringify(ada.texts)
      );
      pages.splice(0).forEach(page => page.dispose());
    }
  });

  test(`the pieces of a split are not taken for typed text (${how})`, () => {
    const [ada] = open();
    ada.cell('p').setSource('one\ntwo');
    ada.cell('p').setMetadata({ tags: ['x'] });
    ada.notebook.clearUndoHistory();
    ada.cell('p').undoManager?.clear();
    split(ada, 0, [3]);
    assert.deepEqual(
      ada.notebook.cells.map(cell => cell.canUndo()),
      [false, false, false, false]
    );
    ada.type('p', ' more');
    ada.cell('p').undo();
    assert.deepEqual(ada.texts.slice(0, 2), ['one', 'two']);
  });
}

test('undo of a split that leaves the first piece where it was has its text once, with what others typed', () => {
  const [ada, ben] = open();
  ada.cell('p').setSource('[one]\n[two]\n[three]');
  settle();
  ada.notebook.transact(() => {
    ada.notebook.insertCells(1, ['[two]', '[three]'].map(toCell));
    ada.cell('p').setSource('[one]');
  });
  settle();
  ben.type('p', ' BEN');
  ben.type(ben.ids[2], ' TOO');
  settle();
  assert.deepEqual(ada.texts.slice(0, 3), ['[one] BEN', '[two]', '[three] TOO']);
  ada.notebook.undo();
  settle();
  assert.deepEqual(ada.texts, ['[one] BEN\n[two]\n[three] TOO', 'cell q', 'cell r']);
  ada.notebook.redo();
  settle();
  assert.deepEqual(ada.texts.slice(0, 3), ['[one] BEN', '[two]', '[three] TOO']);
});

test('a text that is set beside a new cell which has no part of it is just set', () => {
  const [ada] = open();
  ada.notebook.transact(() => {
    ada.notebook.insertCells(0, [toCell('cell')]);
    ada.cell('p').setSource('p');
    ada.notebook.insertCells(2, [toCell('')]);
    ada.cell('q').setSource('another');
  });
  assert.deepEqual(ada.texts, ['cell', 'p', '', 'another', 'cell r']);
  ada.cell('p').undo();
  assert.deepEqual(ada.texts, ['cell', 'cell p', '', 'another', 'cell r']);
});

test('what a merge brings into a cell is not taken for typed text', () => {
  const [ada] = open();
  ada.cell('p').setMetadata({ tags: ['x'] });
  const [p, q] = [ada.index('p'), ada.index('q')];
  ada.notebook.mergeCells(p, [q]);
  assert.equal(ada.cell('p').canUndo(), false);
  ada.notebook.undo();
  mergeAsJupyterLab(ada, p, [q]);
  assert.equal(ada.cell('p').canUndo(), false);
});

test('the pictures of cells that are merged are kept, and those of one that is split', () => {
  const [ada] = open();
  const picture = (name: string): IAttachments => ({ [name]: { 'image/png': name } });
  const cells = ['one', 'two'].map((source): Partial<IMarkdownCell> & SharedCell.Cell => {
    return { cell_type: 'markdown', source: `![](attachment:${source})`, metadata: {}, attachments: picture(source) };
  });
  const attachments = (index: number): unknown => ada.notebook.cells[index].toJSON().attachments;
  ada.notebook.insertCells(0, cells);
  ada.notebook.mergeCells(1, [0]);
  assert.deepEqual(attachments(0), { ...picture('one'), ...picture('two') });
  ada.notebook.splitCell(0, [19]);
  assert.deepEqual(ada.texts.slice(0, 2), ['![](attachment:one)', '![](attachment:two)']);
  assert.deepEqual(attachments(0), { ...picture('one'), ...picture('two') });
  const [first] = ada.notebook.cells;
  ada.notebook.transact(() => {
    const source = `${first.getSource()}\n\n${ada.notebook.cells[1].getSource()}`;
    ada.notebook.deleteCell(0);
    ada.notebook.insertCell(0, { ...cells[0], source, attachments: picture('three') });
    ada.notebook.deleteCell(1);
  });
  assert.deepEqual(attachments(0), picture('three'));
});

test('two who merge the same cells at once have their text once, and one separator', () => {
  for (const typed of Array.from({ length: ROUNDS }, (_, round) => (round % 2 === 0 ? '' : ' TYPED'))) {
    const [ada, ben] = open();
    ada.notebook.mergeCells(1, [0, 2]);
    ben.type('p', typed);
    ben.type('r', typed);
    ben.notebook.mergeCells(1, [0, 2]);
    settle();
    assert.deepEqual(ada.texts, [`cell p${typed}\n\ncell q\n\ncell r${typed}`]);
    assert.ok(ben.notebook.undo());
    settle();
    assert.deepEqual(ada.texts, [`cell p${typed}`, 'cell q', `cell r${typed}`]);
    pages.splice(0).forEach(page => page.dispose());
  }
});

test('two who merge a cell without text at once have one separator, and so have those who merge it again', () => {
  const [ada, ben] = open();
  ada.cell('q').setSource('');
  settle();
  ada.notebook.mergeCells(0, [1]);
  ben.notebook.mergeCells(0, [1]);
  settle();
  assert.deepEqual(ada.texts, ['cell p\n\n', 'cell r']);
  for (let round = 0; round < 5; round += 1) {
    assert.ok(ada.notebook.undo());
    settle();
    assert.deepEqual(ben.texts, ['cell p', '', 'cell r']);
    assert.ok(ada.notebook.redo());
    settle();
    assert.deepEqual(ben.texts, ['cell p\n\n', 'cell r']);
  }
});

for (const merger of [0, 1]) {
  const writer = 1 - merger;
  const who = merger === 0 ? 'the lower client id' : 'the higher client id';
  const set = (page: Page, id: string, text: string): void => page.cell(id).setSource(text);

  test(`what is typed at the end of a cell stays there when others put cells behind it (${who})`, () => {
    open();
    pages[merger].notebook.mergeCells(0, [1, 2]);
    pages[writer].type('p', ' TYPD');
    pages[writer].type('p', 'E', 'cell p TYP'.length);
    settle();
    assert.deepEqual(pages[0].texts, ['cell p TYPED\n\ncell q\n\ncell r']);
    assert.ok(pages[merger].notebook.undo());
    settle();
    assert.deepEqual(pages[0].texts, ['cell p TYPED', 'cell q', 'cell r']);
  });

  test(`what is typed at the start of a cell stays there when others put cells before it (${who})`, () => {
    open();
    pages[merger].notebook.mergeCells(2, [0, 1]);
    pages[writer].type('r', 'TPED ', 0);
    pages[writer].type('r', 'Y', 1);
    settle();
    assert.deepEqual(pages[0].texts, ['cell p\n\ncell q\n\nTYPED cell r']);
    assert.ok(pages[merger].notebook.undo());
    settle();
    assert.deepEqual(pages[0].texts, ['cell p', 'cell q', 'TYPED cell r']);
  });

  test(`what is typed in a cell without text stays between what others put around it (${who})`, () => {
    open();
    set(pages[0], 'q', '');
    settle();
    pages[merger].notebook.mergeCells(1, [0, 2]);
    pages[writer].type('q', 'TYPED');
    settle();
    assert.deepEqual(pages[0].texts, ['cell p\n\nTYPED\n\ncell r']);
  });

  test(`what is typed in a cell without text goes with it (${who})`, () => {
    for (const [primary, expected] of [
      [0, 'cell p\n\nTYPED'],
      [2, 'TYPED\n\ncell r']
    ] as const) {
      open();
      set(pages[0], 'q', '');
      settle();
      pages[merger].notebook.mergeCells(primary, [1]);
      pages[writer].type('q', 'TYPED');
      settle();
      assert.ok(pages[0].texts.includes(expected), JSON.stringify(pages[0].texts));
      pages.splice(0).forEach(page => page.dispose());
    }
  });

  test(`what two type at the end of a cell stays there when a third puts one behind it (${who})`, () => {
    open('Cleo');
    pages[merger].notebook.mergeCells(0, [1]);
    pages[writer].type('p', ' TYPED');
    pages[2].type('p', ' TOO');
    settle();
    assert.match(pages[0].texts[0], /^cell p( TYPED TOO| TOO TYPED)\n\ncell q$/);
  });

  test(`what was typed at the end of a cell can be undone when others put one behind it (${who})`, () => {
    open();
    pages[merger].notebook.mergeCells(0, [1]);
    pages[writer].type('p', ' TYPED');
    settle();
    pages[writer].cell('p').undo();
    settle();
    assert.deepEqual(pages[0].texts, ['cell p\n\ncell q', 'cell r']);
  });
}

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
  assert.deepEqual(ben.texts, ['cell p', 'cell q BEN', 'cell r']);
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
  assert.deepEqual(
    ada.notebook.lateCells.map(cell => cell.source),
    [' LATE']
  );
  ben.notebook.restoreLate('q');
  settle();
  assert.deepEqual(ada.texts, ['cell p\n\ncell q', ' LATE', 'cell r']);
});

test('a merged cell that a program brings back is left with what is in no other cell', () => {
  const [ada, ben] = open();
  ada.notebook.mergeCells(0, [1]);
  settle();
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(ben.notebook.ydoc));
  const cell = doc.getArray<Y.Map<unknown>>('cells').get(1);
  (cell.get('source') as Y.Text).insert(0, 'LATE ');
  cell.delete('deleted');
  pages.forEach(page => page.receive(Y.encodeStateAsUpdate(doc)));
  settle();
  assert.deepEqual(ada.texts, ['cell p\n\ncell q', 'LATE ', 'cell r']);
});

test('undo of bringing a cell back leaves what others typed in it', () => {
  const [ada, ben] = open();
  ada.remove('p');
  ben.type('p', ' LATE');
  settle();
  ada.notebook.restoreLate('p');
  ada.notebook.undo();
  settle();
  assert.deepEqual(ben.texts, ['cell p LATE', 'cell q', 'cell r']);
});

test('undo of a merge gives a cell its text that somebody brought back meanwhile', () => {
  for (const holds of [false, true]) {
    const [ada, ben] = open();
    const hold = holds ? ada.notebook.holdChanges() : null;
    // Ben's word on whether the cell is there counts more than Ada's, who has the lower client id.
    ben.remove('q');
    ben.notebook.undo();
    ada.notebook.mergeCells(0, [1]);
    exchange(pages);
    ada.notebook.undo();
    hold?.dispose();
    settle();
    assert.deepEqual(ada.texts, ['cell p', 'cell q', 'cell r']);
    pages.splice(0).forEach(page => page.dispose());
  }
});

test('a merge that is undone while somebody composes leaves the text', () => {
  const [ada, , dan] = open('Dan');
  const hold = dan.notebook.holdChanges();
  ada.notebook.mergeCells(0, [1]);
  exchange(pages);
  ada.notebook.undo();
  exchange(pages);
  hold.dispose();
  ada.insert(3, '');
  settle();
  assert.deepEqual(ada.texts.slice(0, 3), ['cell p', 'cell q', 'cell r']);
});

test('a letter deleted in a merged cell while somebody composes takes nothing else with it', () => {
  const [ada, ben, dan] = open('Dan');
  const hold = dan.notebook.holdChanges();
  ada.notebook.mergeCells(0, [1]);
  ben.cell('q').updateSource(0, 1, '');
  exchange(pages);
  hold.dispose();
  ada.insert(2, '');
  settle();
  assert.equal(ada.texts[0], 'cell p\n\nell q');
});

test('records that no honest page writes count for nothing', () => {
  const [ada, ben] = open();
  const cells = ada.notebook.ydoc.getArray<Y.Map<unknown>>('cells');
  const client = ada.notebook.ydoc.clientID;
  const most = Number.MAX_SAFE_INTEGER;
  const bad = [
    {
      to: 'q',
      chars: [
        [7, 0, 1],
        [7, 0, 1]
      ],
      at: [7, 0]
    },
    {
      to: 'q',
      chars: [
        [client, 0, 1],
        [client, 0, 1]
      ],
      at: [client, 20]
    },
    { to: 'q', chars: [[9, 5, 1]], at: [client, most] },
    { to: 'q', chars: [[client, most, 3]], at: [client, 30] },
    { to: 'q', chars: [[client, 0, 100_000]], at: [client, 1] },
    { to: 'q', chars: [[client, 0, 1]], at: [1001, 0] },
    { to: 'q', chars: [[client, 0, 1]], at: [client, 1_000_000] }
  ];
  bad.forEach((record, index) => cells.get(index % 2).set(`moved.${index}`, record));
  settle();
  ben.type('q', ' BEN');
  ben.notebook.splitCell(0, [4]);
  settle();
  assert.deepEqual(ada.texts, ['cell', ' p', 'cell q BEN', 'cell r']);
});

test('a merge that is undone, of which a page hears before what came before it, leaves the text', () => {
  const [ada, ben, cleo] = open('Cleo');
  cleo.type('q', ' CLEO');
  const missing = cleo.sent.splice(0);
  missing.forEach(update => ada.receive(update));
  ada.type('q', ' ADA');
  ada.notebook.mergeCells(0, [1]);
  ada.notebook.undo();
  const early = ada.sent.splice(0);
  [...early, ...missing].forEach(update => ben.receive(update));
  early.forEach(update => cleo.receive(update));
  settle();
  assert.deepEqual(ben.texts, ['cell p', 'cell q CLEO ADA', 'cell r']);
});

test('what is typed behind a merged cell goes back with it, and what is typed behind the first one stays', () => {
  const [ada, ben] = open();
  ada.notebook.mergeCells(0, [1, 2]);
  settle();
  ben.type('p', ' LAST');
  for (const text of ['cell p', 'cell q']) {
    ben.type('p', ` BEHIND ${text}`, ben.cell('p').getSource().indexOf(text) + text.length);
  }
  settle();
  ada.notebook.undo();
  settle();
  assert.deepEqual(ben.texts, ['cell p BEHIND cell p', 'cell q BEHIND cell q', 'cell r LAST']);
});

for (const [merger, writer] of [
  [0, 1],
  [1, 0]
] as const) {
  const who = merger === 0 ? 'the lower client id' : 'the higher client id';

  test(`what is typed at the end stays there though who merges typed there just before (${who})`, () => {
    open();
    pages[merger].type('p', ' ONE');
    settle();
    pages[merger].notebook.mergeCells(0, [1]);
    pages[writer].type('p', ' TYPED');
    settle();
    assert.deepEqual(pages[0].texts, ['cell p ONE TYPED\n\ncell q', 'cell r']);
  });

  test(`what is typed at the start stays there though who merges deleted the first word (${who})`, () => {
    open();
    pages[merger].cell('r').updateSource(0, 5, '');
    pages[merger].notebook.mergeCells(2, [1]);
    pages[writer].type('r', 'N', 0);
    settle();
    assert.deepEqual(pages[0].texts, ['cell p', 'cell q\n\nNr']);
  });
}

test('a word that two wrote together stays whole when a third puts a cell behind it', () => {
  const [ada, ben, cleo] = open('Cleo');
  const late: Uint8Array[] = [];
  const exchangeWord = (): void => {
    for (const [from, to] of [
      [ben, cleo],
      [cleo, ben]
    ]) {
      for (const update of from.sent.splice(0)) {
        to.receive(update);
        late.push(update);
      }
    }
  };
  ben.type('p', '\nHELLO');
  exchangeWord();
  cleo.type('p', 'X', 'cell p\nHE'.length);
  exchangeWord();
  ada.notebook.mergeCells(0, [1]);
  late.forEach(update => ada.receive(update));
  settle();
  assert.ok(ada.texts[0].includes('HEXLLO'), ada.texts[0]);
});

test('a cell without text that two merge at once, one of whom typed in it, has one separator before the text', () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    open();
    const [one, other] = round % 2 === 0 ? pages : [...pages].reverse();
    one.cell('q').setSource('');
    settle();
    one.notebook.mergeCells(0, [1]);
    other.type('q', 'TYPED');
    other.notebook.mergeCells(0, [1]);
    settle();
    assert.deepEqual(pages[0].texts, ['cell p\n\nTYPED', 'cell r']);
    pages.splice(0).forEach(page => page.dispose());
  }
});

test('an empty cell stays into which one merges a cell that another merges elsewhere', () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const [ada, ben] = open();
    ada.insert(1, 'e');
    settle();
    ada.notebook.mergeCells(1, [0]);
    ben.notebook.mergeCells(3, [0]);
    settle();
    assert.ok(ada.ids.includes('e'), JSON.stringify([ada.ids, ada.texts]));
    pages.splice(0).forEach(page => page.dispose());
  }
});

test('a separator that was copied on is there once, too', () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const [ada, ben] = open();
    ada.notebook.mergeCells(0, [1]);
    ada.notebook.mergeCells(1, [0]);
    ben.notebook.mergeCells(0, [1]);
    settle();
    assert.deepEqual(ada.texts, ['cell p\n\ncell q\n\ncell r']);
    pages.splice(0).forEach(page => page.dispose());
  }
});

test('undo of a merge leaves in the cell what came there by a split', () => {
  const [ada] = open();
  ada.cell('q').setSource('one\ntwo');
  ada.notebook.splitCell(1, [4]);
  settle();
  ada.notebook.mergeCells(1, [2]);
  settle();
  ada.notebook.undo();
  settle();
  assert.deepEqual(ada.texts, ['cell p', 'one', 'two', 'cell r']);
});

test('undo of two merges at once, of which one went on, gives each cell its text', () => {
  for (const benFirst of [true, false]) {
    const [ada, ben] = open();
    ada.notebook.mergeCells(1, [0]);
    ben.notebook.mergeCells(2, [1]);
    settle();
    assert.deepEqual(ada.texts, ['cell p\n\ncell q\n\ncell r']);
    for (const page of benFirst ? [ben, ada] : [ada, ben]) {
      page.notebook.undo();
      settle();
    }
    const texts = benFirst ? ada.texts : [...(ada.texts.join().match(/cell \w/g) ?? [])];
    assert.deepEqual(texts, ['cell p', 'cell q', 'cell r']);
    pages.splice(0).forEach(page => page.dispose());
  }
});

test('the names of records stay short however often a cell without text is merged', () => {
  const [ada] = open();
  ada.cell('q').setSource('');
  ada.notebook.mergeCells(0, [1]);
  for (let round = 0; round < 40; round += 1) {
    ada.notebook.undo();
    ada.notebook.redo();
  }
  assert.ok(
    recordsIn(ada).every(name => name.length < 100),
    recordsIn(ada).join(' ')
  );
});

test('a record whose name comes before all that an honest page gives counts for nothing', () => {
  for (const op of ['', ' ']) {
    const [ada, ben] = open();
    const cells = ben.notebook.ydoc.getArray<Y.Map<unknown>>('cells').toArray();
    const text = cells[1].get('source') as Y.Text;
    const first = text._start as Y.Item;
    ben.type('r', 'x'.repeat(first.length));
    const at = [1001, Y.getState(ben.notebook.ydoc.store, 1001) - first.length];
    cells[1].set(`moved.${op}`, { to: 'none', chars: [[first.id.client, first.id.clock, first.length]], at });
    settle();
    ada.notebook.mergeCells(0, [1]);
    settle();
    assert.equal(ada.texts[0], 'cell p\n\ncell q');
    pages.splice(0).forEach(page => page.dispose());
  }
});

test('a separator of very many pieces harms nobody', () => {
  const [ada, ben] = open();
  const cells = ben.notebook.ydoc.getArray<Y.Map<unknown>>('cells').toArray();
  const text = cells[0].get('source') as Y.Text;
  const start = Y.getState(ben.notebook.ydoc.store, 1001);
  const length = 150_000;
  ben.notebook.ydoc.transact(() => {
    for (let count = 0; count < length; count += 1) {
      text.insert(0, 'x');
    }
  });
  cells[1].set('moved.a', { to: 'p', chars: [], at: [1001, start], ahead: true, sep: [1001, start, length] });
  cells[1].set('moved.b', { to: 'p', chars: [], at: [1001, start], ahead: false, sep: [1001, start, 1] });
  ben.sent.splice(0).forEach(update => ada.receive(update));
  assert.ok(ada.texts[0].length >= length, ada.texts[0].slice(0, 99));
});

/** The names of all records of where characters went. */
function recordsIn({ notebook }: Page): string[] {
  const cells = notebook.ydoc.getArray<Y.Map<unknown>>('cells').toArray();
  return cells.flatMap(cell => [...cell.keys()].filter(key => key.startsWith('moved.')));
}
