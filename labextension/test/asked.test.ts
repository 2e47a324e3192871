/** Cells that were asked to be run: what the viewer sees is told from what others do meanwhile. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { AskedCells, askToRun } from '../lib/pane/asked.js';
import { ApiError } from '../lib/rest/http.js';
import type { KernelApi } from '../lib/rest/kernelapi.js';
import { hashOf } from '../lib/text/sourcehash.js';
import { exchange, openPages, type Page } from './notebooks.js';

type Hashes = Readonly<Record<string, string>> | undefined;

/** A room of which all is saved at once, and what its server is asked; `answer` is called before it takes the cells. */
function roomOf(answer: (attempt: number) => void = () => undefined) {
  const asked: Hashes[] = [];
  const run = (_: readonly string[], hashes: Hashes): Promise<never[]> => {
    asked.push(hashes);
    answer(asked.length);
    return Promise.resolve([]);
  };
  const kernelApi = { run } as unknown as KernelApi;
  return { asked, kernelApi, whenSaved: () => Promise.resolve(true) };
}

function changed(): never {
  throw new ApiError(409, 'source_changed', 'A cell was changed.');
}

function open(context: TestContext): [Page, Page] {
  const [ada, eve] = openPages(['ada', 'eve'], ['a', 'b']);
  context.after(() => [ada, eve].forEach(page => page.dispose()));
  return [ada, eve];
}

test('the server is told what the viewer sees', async context => {
  const [ada] = open(context);
  const room = roomOf();
  assert.equal(await askToRun(room, new AskedCells(ada.notebook, ['b', 'a'])), 'asked');
  assert.deepEqual(room.asked, [{ a: hashOf('cell a'), b: hashOf('cell b') }]);
});

test('what somebody else edits after it was asked for is not run', async context => {
  const [ada, eve] = open(context);
  const cells = new AskedCells(ada.notebook, ['a']);
  eve.type('a', '; evil()');
  exchange([ada, eve]);
  const room = roomOf();
  assert.equal(await askToRun(room, cells), 'changed');
  assert.deepEqual(room.asked, []);
});

test('what others do to other cells does not matter', async context => {
  const [ada, eve] = open(context);
  const cells = new AskedCells(ada.notebook, ['a']);
  eve.type('b', '; evil()');
  eve.move('b', 0);
  exchange([ada, eve]);
  assert.equal(await askToRun(roomOf(), cells), 'asked');
});

test('what the viewer goes on typing is run, also if it overtakes the request', async context => {
  const [ada] = open(context);
  const cells = new AskedCells(ada.notebook, ['a']);
  ada.type('a', ' x');
  const room = roomOf(attempt => {
    if (attempt === 1) {
      ada.type('a', 'y');
      changed();
    }
  });
  assert.equal(await askToRun(room, cells), 'asked');
  assert.deepEqual(room.asked, [{ a: hashOf('cell a x') }, { a: hashOf('cell a xy') }]);
});

test('what somebody else types while the request is on its way is told by the server', async context => {
  const [ada, eve] = open(context);
  const cells = new AskedCells(ada.notebook, ['a']);
  const room = roomOf(() => {
    eve.type('a', '; evil()');
    exchange([ada, eve]);
    changed();
  });
  assert.equal(await askToRun(room, cells), 'changed');
  const deaf = roomOf(changed);
  await assert.rejects(askToRun(deaf, new AskedCells(ada.notebook, ['a'])), ApiError);
});

test('a cell that is gone, or lies in a document that was put aside, is asked for as it was', async context => {
  const [ada] = open(context);
  const cells = new AskedCells(ada.notebook, ['a']);
  ada.remove('a');
  const room = roomOf();
  await askToRun(room, cells);
  assert.deepEqual(room.asked, [{ a: hashOf('cell a') }]);
});

test('who looks no longer is not called', context => {
  const [ada, eve] = open(context);
  const cells = new AskedCells(ada.notebook, ['a']);
  cells.dispose();
  eve.type('a', '!');
  exchange([ada, eve]);
  assert.equal(cells.isChangedByOthers, false);
});
