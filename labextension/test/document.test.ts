/** The shared document holds nothing that is true for one viewer alone. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { RoomNotebook } from '../lib/document/roomnotebook.js';

const notebooks: RoomNotebook[] = [];

afterEach(() => {
  notebooks.splice(0).forEach(notebook => notebook.dispose());
});

function makeNotebook(): RoomNotebook {
  const notebook = new RoomNotebook();
  notebooks.push(notebook);
  notebook.fromJSON({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [] });
  return notebook;
}

test('cells are inserted without trust, and with the rest of their metadata', () => {
  const notebook = makeNotebook();
  notebook.insertCell(0, { cell_type: 'code', source: 'x', metadata: { trusted: true, tags: ['a'] } });
  notebook.addCell({ cell_type: 'markdown', metadata: { trusted: true } });
  assert.deepEqual(
    notebook.cells.map(cell => cell.toJSON().metadata),
    [{ tags: ['a'] }, {}]
  );
  assert.equal(notebook.cells[0].getSource(), 'x');
});

test('the cells that are handed in stay as they were', () => {
  const cell = { cell_type: 'code', metadata: { trusted: true } };
  makeNotebook().insertCell(0, cell);
  assert.deepEqual(cell.metadata, { trusted: true });
});

test('an edit writes nothing but itself: no mark that there is something to save', () => {
  const notebook = makeNotebook();
  notebook.insertCell(0, { cell_type: 'code' });
  let updates = 0;
  notebook.ydoc.on('update', () => {
    updates += 1;
  });
  notebook.cells[0].setSource('x');
  notebook.dirty = true;
  assert.equal(updates, 1);
  assert.equal(notebook.dirty, false);
  assert.deepEqual(notebook.state, {});
});

test('each cell undoes what was typed in it, and the notebook what was done to cells', () => {
  const notebook = makeNotebook();
  notebook.clearUndoHistory();
  notebook.insertCell(0, { cell_type: 'code' });
  notebook.cells[0].setSource('typed');
  assert.ok(notebook.cells[0].undo());
  assert.equal(notebook.cells[0].getSource(), '');
  assert.ok(notebook.undo());
  assert.equal(notebook.cells.length, 0);
});
