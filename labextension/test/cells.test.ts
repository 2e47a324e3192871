/** Nothing that a person does to a cell loses what others do to it at the same time, and nothing comes twice. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import * as Y from 'yjs';

import type { RoomCell } from '../lib/document/cells.js';
import { RoomNotebook } from '../lib/document/roomnotebook.js';
import { exchange, openPages, Page } from './notebooks.js';

const pages: Page[] = [];

afterEach(() => {
  pages.splice(0).forEach(page => page.dispose());
});

/** Ada and Ben, and others if they are named, with the cells `p`, `q` and `r`. */
function open(...others: string[]): Page[] {
  pages.push(...openPages(['Ada', 'Ben', ...others], ['p', 'q', 'r']));
  return [...pages];
}

/** Everybody has seen everything, and has the same. */
/** The text of a cell. */
function textOf(cell: Y.Map<unknown>): string {
  return String(cell.get('source'));
}

function settle(): void {
  exchange(pages);
  const [first, ...others] = pages;
  for (const other of others) {
    assert.deepEqual([other.ids, other.texts, other.types], [first.ids, first.texts, first.types]);
  }
}

test('what is typed in a cell while it is moved stays in it', () => {
  const [ada, ben] = open();
  ben.type('p', ' TYPED');
  ada.move('p', 1);
  settle();
  assert.deepEqual(ben.texts, ['cell q', 'cell p TYPED', 'cell r']);
});

test('a move, a change of type and an edit of one cell at once all take effect', () => {
  const [ada, ben, cleo] = open('Cleo');
  ada.move('p', 2);
  ben.retype('p', 'markdown');
  cleo.type('p', 'TYPED ', 0);
  settle();
  assert.deepEqual(ada.texts, ['cell q', 'cell r', 'TYPED cell p']);
  assert.deepEqual(ada.types, ['code', 'code', 'markdown']);
});

test('what is typed letter by letter while a cell is moved and retyped again and again arrives in order', () => {
  const [ada, ben] = open();
  for (const [count, letter] of [...'the quick brown fox'].entries()) {
    ben.type('p', letter);
    ada.move('p', count % 3);
    ada.retype('p', ['markdown', 'code', 'raw'][count % 3]);
    if (count % 4 === 0) {
      exchange(pages);
    }
  }
  settle();
  assert.equal(ada.cell('p').getSource(), 'cell pthe quick brown fox');
});

test('two who move one cell at once leave one cell', () => {
  const [ada, ben] = open();
  ada.move('p', 1);
  ben.move('p', 2);
  settle();
  assert.equal(ada.ids.filter(id => id === 'p').length, 1);
  assert.equal(ada.ids.length, 3);
});

test('two who change one cell’s type at once leave one cell', () => {
  const [ada, ben] = open();
  ada.retype('p', 'markdown');
  ben.retype('p', 'raw');
  settle();
  assert.deepEqual(ada.ids, ['p', 'q', 'r']);
});

test('two who insert at one place at once have both cells, and a third can be put between them', () => {
  const [ada, ben] = open();
  ada.insert(1, 'a');
  ben.insert(1, 'b');
  settle();
  assert.deepEqual([...ada.ids].sort(), ['a', 'b', 'p', 'q', 'r']);
  ada.insert(2, 'c');
  settle();
  assert.equal(ben.ids[2], 'c');
});

test('between cells of equal keys there is room', () => {
  const [ada, ben] = open();
  const maps = ada.notebook.ydoc.getArray<Y.Map<unknown>>('cells');
  ada.notebook.ydoc.transact(() => maps.forEach(map => map.set('pos', 'a1V')));
  settle();
  ben.insert(1, 'x');
  settle();
  assert.deepEqual(ada.ids, ['p', 'x', 'q', 'r']);
  ben.insert(3, 'y');
  settle();
  assert.deepEqual(ada.ids, ['p', 'x', 'q', 'y', 'r']);
});

test('cells without keys are in the order in which they came, and can be moved', () => {
  const [ada, ben] = open();
  const maps = ada.notebook.ydoc.getArray<Y.Map<unknown>>('cells');
  ada.notebook.ydoc.transact(() => maps.forEach(map => map.delete('pos')));
  settle();
  assert.deepEqual(ben.ids, ['p', 'q', 'r']);
  ben.move('r', 1);
  settle();
  assert.deepEqual(ada.ids, ['p', 'r', 'q']);
});

test('keys that make no sense count as none', () => {
  const [ada, ben] = open();
  const maps = ada.notebook.ydoc.getArray<Y.Map<unknown>>('cells');
  maps.get(0).set('pos', 'a10');
  settle();
  assert.deepEqual(ben.ids, ['q', 'r', 'p']);
});

test('of two cells with one id both are there, and one gets another id from the server', () => {
  const [ada, ben] = open();
  ada.insert(3, 'x', 'first');
  ben.insert(3, 'x', 'second');
  exchange(pages);
  for (const page of [ada, ben]) {
    assert.deepEqual([...page.texts].sort(), ['cell p', 'cell q', 'cell r', 'first', 'second']);
    assert.equal(new Set(page.ids).size, 5);
  }
  const second = [...ada.notebook.ydoc.getArray<Y.Map<unknown>>('cells')].find(cell => textOf(cell) === 'second');
  second?.set('id', 'x-2');
  settle();
  assert.equal(ben.cell('x').getSource(), 'first');
});

test('what is to be run is the cell that was chosen, though it gets another id before it is saved', () => {
  const [ada, ben] = open();
  ada.insert(3, 'x', 'of Ada');
  const chosen = ada.notebook.track(['p', 'x']);
  ben.insert(3, 'x', 'of Ben');
  exchange(pages);
  const own = [...ada.notebook.ydoc.getArray<Y.Map<unknown>>('cells')].find(cell => textOf(cell) === 'of Ada');
  own?.set('id', 'x-2');
  settle();
  assert.deepEqual(chosen(), ['p', 'x-2']);
  assert.equal(ada.cell('x').getSource(), 'of Ben');
});

test('a cell that is put before another one does not take its id', () => {
  const [ada, ben] = open();
  const bag = ben.notebook.ydoc.getArray<Y.Map<unknown>>('cells');
  const hostile = bag.get(1).clone();
  bag.insert(0, [hostile]);
  (hostile.get('source') as Y.Text).insert(0, 'hostile: ');
  settle();
  for (const page of [ada, ben]) {
    assert.equal(page.cell('q').getSource(), 'cell q');
    assert.equal(page.ids.filter(id => id === 'q').length, 1);
  }
  hostile.set('id', 'q-2');
  settle();
  assert.equal(ada.cell('q-2').getSource(), 'hostile: cell q');
});

test('a move is small on the wire, among 2,000 cells too', () => {
  const ids = Array.from({ length: 2000 }, (_, index) => `cell-${index}`);
  pages.push(...openPages(['Ada', 'Ben'], ids));
  const [ada] = pages;
  ada.move('cell-10', 1500);
  assert.deepEqual([ada.index('cell-10'), ada.index('cell-11')], [1500, 10]);
  assert.equal(ada.sent.length, 1);
  assert.ok(ada.sent[0].length <= 100, `${ada.sent[0].length} bytes`);
});

test('a deleted cell is out of the way, and stays in the document', () => {
  const [ada, ben] = open();
  ada.remove('p');
  settle();
  assert.deepEqual(ben.ids, ['q', 'r']);
  assert.equal(ada.notebook.ydoc.getArray('cells').length, 3);
});

test('cells are deleted from the last to the first in one step, as JupyterLab does', () => {
  const [ada, ben] = open();
  ada.notebook.transact(() => {
    [2, 1, 0].forEach(index => ada.notebook.deleteCell(index));
    assert.equal(ada.notebook.cells.length, 3);
    ada.notebook.insertCell(0, { cell_type: 'code' });
  });
  settle();
  assert.deepEqual(ben.texts, ['']);
  assert.ok(ada.notebook.undo());
  settle();
  assert.deepEqual(ben.ids, ['p', 'q', 'r']);
});

test('a cell that is cut and pasted is the same cell', () => {
  const [ada, ben] = open();
  const cut = ada.cell('p').toJSON();
  ada.remove('p');
  ben.type('p', ' TYPED');
  settle();
  ada.notebook.insertCell(2, cut);
  settle();
  assert.deepEqual(ben.ids, ['q', 'r', 'p']);
  assert.equal(ada.cell('p').getSource(), 'cell p TYPED');
});

test('an id that a cell has already is not given again', () => {
  const [ada] = open();
  const copy = ada.notebook.insertCell(3, { ...ada.cell('p').toJSON(), source: 'copy' });
  assert.notEqual(copy.id, 'p');
  assert.deepEqual(ada.texts, ['cell p', 'cell q', 'cell r', 'copy']);
});

test('a formatter that writes a whole text moves nobody’s words', () => {
  const [ada, ben] = open();
  ada.type('p', '\nx=1');
  settle();
  ben.type('p', ' # ben');
  ada.cell('p').setSource('cell p\nx = 1');
  settle();
  assert.equal(ada.cell('p').getSource(), 'cell p\nx = 1 # ben');
});

test('no edit cuts a character in two', () => {
  const [ada] = open();
  const cell = ada.cell('p');
  cell.setSource('a😀b');
  cell.updateSource(2, 2, 'x');
  assert.deepEqual([...cell.getSource()].filter(isHalf), []);
  cell.setSource('a😁b');
  cell.updateSource(2, 3, '\ude00');
  assert.equal(cell.getSource(), 'a😀b');
});

/** Whether a character is one half of another, or what Yjs makes of a half. */
function isHalf(character: string): boolean {
  return /^[\ud800-\udfff\ufffd]$/.test(character);
}

test('undo of a move takes the cell back with what another typed in it since', () => {
  const [ada, ben] = open();
  ada.move('p', 2);
  settle();
  ben.type('p', ' BY-BEN');
  settle();
  assert.ok(ada.notebook.undo());
  settle();
  assert.deepEqual(ben.texts, ['cell p BY-BEN', 'cell q', 'cell r']);
  assert.ok(ada.notebook.redo());
  settle();
  assert.deepEqual(ben.texts, ['cell q', 'cell r', 'cell p BY-BEN']);
});

test('undo of a change of type keeps what another typed since', () => {
  const [ada, ben] = open();
  ada.retype('p', 'markdown');
  settle();
  ben.type('p', ' BY-BEN');
  settle();
  assert.ok(ada.notebook.undo());
  settle();
  assert.deepEqual([ben.types[0], ben.texts[0]], ['code', 'cell p BY-BEN']);
});

test('undo of a change of type brings the outputs back', () => {
  const [ada] = open();
  const cell = ada.cell('p');
  const output = { output_type: 'stream', name: 'stdout', text: 'out' };
  assert.ok('setOutputs' in cell);
  cell.setOutputs([output]);
  ada.retype('p', 'markdown');
  ada.notebook.undo();
  assert.deepEqual(ada.cell('p').toJSON().outputs, [output]);
});

test('undo of an insertion takes the cell away, but not what another wrote in it', () => {
  const [ada, ben] = open();
  ada.insert(0, 'new');
  settle();
  ada.type('new', 'mine');
  ada.notebook.undo();
  settle();
  assert.deepEqual(ben.ids, ['p', 'q', 'r']);
  ada.notebook.redo();
  settle();
  assert.deepEqual(ben.texts, ['mine', 'cell p', 'cell q', 'cell r']);
  ben.type('new', ' BY-BEN');
  settle();
  const kept: (readonly string[])[] = [];
  ada.notebook.cellsKept.connect((_, ids) => kept.push(ids));
  assert.ok(ada.notebook.undo());
  settle();
  assert.deepEqual([ben.texts[0], kept], ['mine BY-BEN', [['new']]]);
});

test('undo does not take back what another did since', () => {
  const [ada, ben] = open();
  ada.move('p', 2);
  settle();
  ben.move('p', 1);
  settle();
  assert.ok(!ada.notebook.undo());
  settle();
  assert.deepEqual(ada.ids, ['q', 'p', 'r']);
});

test('undo of a deletion brings the cell back with what another typed meanwhile', () => {
  const [ada, ben] = open();
  ada.remove('p');
  ben.type('p', ' TYPED');
  settle();
  assert.ok(ada.notebook.undo());
  settle();
  assert.deepEqual(ben.texts, ['cell p TYPED', 'cell q', 'cell r']);
});

test('what was typed before somebody moved or retyped the cell can still be undone', () => {
  const [ada, ben] = open();
  ada.type('p', ' MINE');
  settle();
  ben.move('p', 2);
  ben.retype('p', 'markdown');
  ben.type('p', 'BEN ', 0);
  settle();
  assert.ok(ada.cell('p').undo());
  settle();
  assert.equal(ben.cell('p').getSource(), 'BEN cell p');
  assert.ok(ada.cell('p').redo());
  assert.equal(ada.cell('p').getSource(), 'BEN cell p MINE');
});

test('each paste of cells is a step of its own', () => {
  const [ada] = open();
  ada.notebook.insertCells(3, [
    { cell_type: 'code', source: 'one' },
    { cell_type: 'raw', source: 'two' }
  ]);
  ada.notebook.insertCells(5, [{ cell_type: 'code', source: 'three' }]);
  ada.notebook.undo();
  assert.deepEqual(ada.texts.slice(3), ['one', 'two']);
  ada.notebook.undo();
  assert.deepEqual(ada.ids, ['p', 'q', 'r']);
});

test('a step of the undo stack keeps what JupyterLab notes in it', () => {
  const [ada] = open();
  const { notebook } = ada;
  notebook.deleteCell(0);
  const { undoManager } = notebook;
  undoManager.undoStack[undoManager.undoStack.length - 1].meta.set('note', 1);
  const popped: unknown[] = [];
  const note = ({ stackItem }: { stackItem: { meta: Map<unknown, unknown> } }): void => {
    popped.push(stackItem.meta.get('note'));
  };
  undoManager.on('stack-item-popped', note);
  notebook.undo();
  undoManager.off('stack-item-popped', note);
  assert.deepEqual(popped, [1]);
});

test('the cell that comes in place of a deleted one with all its text is that one', () => {
  const [ada, ben] = open();
  const changes = ada.notebook.ydoc.getArray<Y.Map<unknown>>('cells').get(0).get('source');
  ada.notebook.transact(() => {
    ada.notebook.deleteCell(0);
    ada.notebook.insertCell(0, { cell_type: 'code', source: 'cell p\n\ncell q' });
    ada.notebook.deleteCell(1);
  });
  ben.type('p', ' TYPED', 6);
  settle();
  assert.equal((changes as Y.Text).toString(), ada.cell('p').getSource());
  const [text, ...others] = ben.texts;
  assert.ok(text.includes(' TYPED') && text.includes('cell p') && text.includes('cell q'), text);
  assert.deepEqual(others, ['cell r']);
});

test('the notebook can be read as it is', () => {
  const notebook = new RoomNotebook();
  notebook.fromJSON({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [] });
  notebook.addCell({ cell_type: 'code', source: ['a\n', 'b'], metadata: {} });
  assert.equal(notebook.toJSON().cells[0].source, 'a\nb');
  notebook.dispose();
});

test('a cell of another type comes before the former one goes, so that a list which follows knows its place', () => {
  const [ada] = open();
  const seen: unknown[] = [];
  ada.notebook.changed.connect((_, { cellsChange }) => seen.push(cellsChange));
  ada.retype('q', 'raw');
  assert.deepEqual(seen, [[{ retain: 1 }, { insert: [ada.cell('q')] }, { delete: 1 }]]);
});

test('while the changes are held others’ changes of the list wait, and then come in one step', () => {
  const [ada, ben] = open();
  const seen: unknown[] = [];
  ben.notebook.changed.connect((_, { cellsChange }) => cellsChange && seen.push(cellsChange));
  const cell = ben.cell('p');
  const held = ben.notebook.holdChanges();
  ada.move('p', 2);
  ada.remove('q');
  ada.insert(0, 'x', 'new');
  exchange(pages);
  ben.type('p', ' TYPED');
  exchange(pages);
  assert.deepEqual([ben.ids, seen, cell.isDisposed], [['p', 'q', 'r'], [], false]);
  assert.deepEqual(ada.texts, ['new', 'cell r', 'cell p TYPED']);
  held.dispose();
  settle();
  assert.equal(seen.length, 1);
  held.dispose();
  assert.equal(seen.length, 1);
});

test('what is done to cells here is seen at once, with what was held', () => {
  const [ada, ben] = open();
  const held = ben.notebook.holdChanges();
  ada.move('p', 2);
  exchange(pages);
  ben.remove('q');
  assert.deepEqual(ben.ids, ['r', 'p']);
  held.dispose();
  settle();
});

test('what an input method makes of letters while somebody merges the cell is in the other cell, once', () => {
  const [ada, ben] = open();
  ben.type('q', 'に');
  exchange(pages);
  const held = ben.notebook.holdChanges();
  ada.notebook.mergeCells(0, [1]);
  exchange(pages);
  ben.cell('q').updateSource(6, 7, 'にほ');
  exchange(pages);
  ben.cell('q').updateSource(6, 8, '日本');
  exchange(pages);
  held.dispose();
  settle();
  assert.deepEqual(ada.texts, ['cell p\n\ncell q日本', 'cell r']);
  assert.deepEqual(ada.notebook.lateCells, []);
});

test('a page that goes while the changes are held has lost nothing: what it typed is late text for all', () => {
  const [ada, ben] = open();
  ben.notebook.holdChanges();
  ada.notebook.mergeCells(0, [1]);
  exchange(pages);
  ben.type('q', ' TYPED');
  exchange(pages);
  assert.deepEqual(
    ada.notebook.lateCells.map(({ id, source }) => [id, source]),
    [['q', ' TYPED']]
  );
});

test('who does something about the cells sees them as they are before', () => {
  const [ada, ben] = open();
  ben.notebook.holdChanges();
  ada.move('p', 2);
  exchange(pages);
  ben.notebook.showChanges();
  assert.deepEqual(ben.ids, ['q', 'r', 'p']);
});

test('two who hold the changes see them when both let go', () => {
  const [ada, ben] = open();
  const [first, second] = [ben.notebook.holdChanges(), ben.notebook.holdChanges()];
  ada.remove('p');
  exchange(pages);
  first.dispose();
  assert.deepEqual(ben.ids, ['p', 'q', 'r']);
  second.dispose();
  settle();
});

/** Deletes all cells as JupyterLab's action does, which leaves no notebook without a cell. */
function empty({ notebook }: Page): void {
  notebook.transact(() => {
    notebook.deleteCellRange(0, notebook.cells.length);
    notebook.insertCell(0, { cell_type: 'code', metadata: { trusted: true } });
  });
}

test('people who each delete the last cells at once have one empty cell', () => {
  const [ada, ben, cleo] = open('Cleo');
  [ada, ben, cleo].forEach(empty);
  settle();
  assert.deepEqual(ada.texts, ['']);
  assert.deepEqual(ada.notebook.lateCells, []);
});

test('nobody is told that the empty cell goes which came because there was no other', () => {
  const [ada, ben] = open();
  empty(ada);
  settle();
  const told: string[] = [];
  ben.notebook.cellDeletedByOther.connect((_, { id }) => told.push(id));
  ada.notebook.insertCell(1, { id: 'p', cell_type: 'code', source: 'cell p' });
  settle();
  assert.deepEqual([ben.texts, told], [['cell p'], []]);
});

test('people who empty the notebook at once, and open it again before they know, have one empty cell', () => {
  const all = open('Cleo');
  all.forEach(empty);
  all.forEach((page, index) => {
    const again = new Page(page.name, 2000 + index);
    again.notebook.adopt([page.notebook.ydoc.clientID]);
    again.receive(Y.encodeStateAsUpdate(page.notebook.ydoc));
    again.sent.push(Y.encodeStateAsUpdate(page.notebook.ydoc));
    page.dispose();
    pages[index] = again;
  });
  settle();
  assert.deepEqual(pages[0].texts, ['']);
  assert.deepEqual(pages[0].notebook.lateCells, []);
});

test('of the empty cells of those who emptied the notebook at once that stays in which somebody typed', () => {
  for (const who of [0, 1]) {
    const all = open();
    all.forEach(empty);
    all[who].type(all[who].ids[0], 'TYPED');
    settle();
    assert.deepEqual(all[0].texts, ['TYPED']);
    pages.splice(0).forEach(page => page.dispose());
  }
});

test('what several typed in the cells that each added to an empty notebook is all there', () => {
  const [ada, ben] = open();
  [ada, ben].forEach(page => {
    empty(page);
    page.type(page.ids[0], page.name);
  });
  settle();
  assert.deepEqual([...ada.texts].sort(), ['Ada', 'Ben']);
});

test('the empty cell of an emptied notebook stays when somebody adds cells to it', () => {
  const [ada, ben] = open();
  empty(ada);
  settle();
  ben.insert(1, 'x', 'added below');
  settle();
  assert.deepEqual(ben.texts, ['', 'added below']);
});

test('a value that somebody sets at once with another person, who counts, is no change', () => {
  const [ada, ben] = open();
  const seen: unknown[] = [];
  pages.forEach(page => page.cell('p').changed.connect((_, change) => seen.push(change)));
  const { map } = (ada.cell('p') as RoomCell).share;
  map.set('execution_count', 1);
  (ben.cell('p') as RoomCell).share.map.set('execution_count', 2);
  seen.length = 0;
  settle();
  assert.deepEqual(seen.filter(change => 'executionCountChange' in (change as object)).length, 1);
  assert.equal(map.get('execution_count'), (ben.cell('p') as RoomCell).share.map.get('execution_count'));
});
