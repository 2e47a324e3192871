/** Cells of a notebook are kept the same as cells of rooms, whatever is done to the notebook or to the room. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { YNotebook } from '@jupyter/ydoc';

import { NotebookBinder } from '../lib/bind/binder.js';
import { hashOf, LINK_KEY, readLink, type OwnCell } from '../lib/bind/metadata.js';
import { RoomHandle } from '../lib/rooms/manager.js';
import { Room } from '../lib/rooms/room.js';
import { ServerDouble } from './server.js';
import { settle, until } from './wait.js';

const LINK = { room: 'demo', cell: 'first' };
const QUICK = { edits: 1, presence: 1, retry: 1, maxRetry: 4, slowDown: 1 };

const disposables: { dispose(): void }[] = [];

afterEach(() => {
  disposables.splice(0).forEach(disposable => disposable.dispose());
});

function startServer(text = ''): ServerDouble {
  const server = new ServerDouble();
  server.startEpoch('epoch-1', text);
  disposables.push(server);
  return server;
}

/** A page with a notebook, whose cells are given by text and link. */
class Page {
  constructor(server: ServerDouble, ...cells: { source: string; link?: object }[]) {
    this.notebook = YNotebook.create();
    const metadata = (link?: object): object => (link ? { [LINK_KEY]: { ...link } } : {});
    const make = (cell: (typeof cells)[0]): object => ({ source: cell.source, metadata: metadata(cell.link) });
    this.notebook.insertCells(
      0,
      cells.map(cell => ({ cell_type: 'code', ...make(cell) }))
    );
    this.notebook.dirty = false;
    this.binder = new NotebookBinder({ notebook: this.notebook, join: id => this._join(server, id) });
    disposables.unshift(this.binder, this.notebook);
  }

  readonly notebook: YNotebook;
  readonly binder: NotebookBinder;
  room: Room | null = null;
  joined = 0;

  get cell(): OwnCell {
    return this.notebook.cells[0];
  }

  get sources(): string[] {
    return this.notebook.cells.map(cell => cell.getSource());
  }

  state(index = 0): string | null {
    return this.binder.bindingOf(this.notebook.cells[index])?.state ?? null;
  }

  async reaches(state: string, index = 0): Promise<this> {
    await until(
      () => this.state(index) === state,
      () => `the cell is ${state}; it is ${this.state(index)}`
    );
    return this;
  }

  type(text: string, index = 0): void {
    const cell = this.notebook.cells[index];
    cell.updateSource(cell.getSource().length, cell.getSource().length, text);
  }

  /** Puts another cell like this one in the notebook, as JupyterLab does with what was copied. */
  paste(cell: object, index: number): void {
    this.notebook.insertCells(index, [{ ...cell, id: undefined } as never]);
  }

  private _join(server: ServerDouble, id: string): RoomHandle {
    const room = new Room({ id, server: server.server, network: null, times: QUICK, persistence: null });
    this.room = room;
    this.joined += 1;
    return new RoomHandle(room, () => room.dispose());
  }
}

const saved = (text: string): object => ({ ...LINK, base: hashOf(text) });

test('a cell and the room keep each other up to date, and the notebook knows of it when it saves', async () => {
  const server = startServer('x = 1');
  const page = await new Page(server, { source: 'x = 1', link: saved('x = 1') }).reaches('shared');
  page.type('0');
  await until(() => server.text === 'x = 10', 'the room has what was typed');
  page.notebook.dirty = false;
  server.edit(0, '# Ada\n');
  await until(() => page.cell.getSource() === '# Ada\nx = 10', 'the cell has what was typed in the room');
  assert.equal(page.notebook.dirty, true);
});

test('an empty cell takes the room’s text; opening never writes into the room', async () => {
  const server = startServer('x = 1');
  const page = await new Page(server, { source: '', link: LINK }).reaches('shared');
  await settle();
  assert.deepEqual([page.sources, server.text], [['x = 1'], 'x = 1']);
  assert.equal(page.binder.bindingOf(page.cell)?.kept.length, 0);
});

test('a file that is only old takes the room’s text', async () => {
  const page = await new Page(startServer('new'), { source: 'old', link: saved('old') }).reaches('shared');
  assert.deepEqual(page.sources, ['new']);
  assert.deepEqual(page.binder.bindings[0].kept, []);
});

test('a file that was edited elsewhere, while the room was not, is brought into the room', async () => {
  const server = startServer('old');
  const page = await new Page(server, { source: 'older', link: saved('old') }).reaches('shared');
  await until(() => server.text === 'older', 'the room has the text of the file');
  assert.deepEqual(page.sources, ['older']);
});

test('if both were edited the room’s text is shown and the file’s is kept until it is let go', async () => {
  const server = startServer('theirs');
  const page = await new Page(server, { source: 'mine', link: saved('old') }).reaches('shared');
  const [binding] = page.binder.bindings;
  assert.deepEqual([page.sources, server.text, binding.kept], [['theirs'], 'theirs', ['mine']]);
  page.binder.noteSaved();
  assert.deepEqual(readLink(page.cell), { ...saved('theirs'), kept: ['mine'] });
  binding.dropKept();
  assert.deepEqual(readLink(page.cell), saved('theirs'));
});

test('who may not edit gets the room’s text, and changes nothing there', async () => {
  const server = startServer('old');
  server.role = 'viewer';
  const page = await new Page(server, { source: 'edited', link: saved('old') }).reaches('read-only');
  assert.deepEqual([page.sources, page.binder.bindings[0].kept], [['old'], ['edited']]);
  server.edit(0, 'very ');
  await until(() => page.cell.getSource() === 'very old', 'the cell has what was typed in the room');
  page.type('!');
  await settle();
  assert.equal(server.text, 'very old');
});

test('a copy of a bound cell is a cell of its own', async () => {
  const server = startServer('x');
  const page = await new Page(server, { source: 'x', link: saved('x') }).reaches('shared');
  page.paste(page.cell.toJSON(), 1);
  await settle();
  assert.deepEqual([page.state(0), page.state(1)], ['shared', null]);
  assert.equal(page.notebook.cells[1].getMetadata(LINK_KEY), undefined);
  page.type('!', 1);
  await settle();
  assert.deepEqual([server.text, page.sources], ['x', ['x', 'x!']]);
});

test('a cell that is moved stays bound, over the same connection', async () => {
  const server = startServer('x');
  const page = await new Page(server, { source: 'x', link: saved('x') }, { source: 'y' }).reaches('shared');
  page.notebook.moveCell(0, 1);
  await page.reaches('shared', 1);
  page.type('!', 1);
  await until(() => server.text === 'x!', 'the room has what was typed');
  assert.deepEqual([page.joined, page.sources], [1, ['y', 'x!']]);
});

test('a cell that was deleted comes back bound by undo, with what others typed meanwhile', async () => {
  const server = startServer('x');
  const page = await new Page(server, { source: 'x', link: LINK }).reaches('shared');
  page.type('!');
  await until(() => server.text === 'x!', 'the room has what was typed');
  page.notebook.clearUndoHistory();
  page.notebook.deleteCell(0);
  await until(() => server.connections === 0, 'the room is left');
  assert.equal(server.text, 'x!');
  server.edit(2, '?');
  page.notebook.undo();
  await page.reaches('shared');
  assert.deepEqual([page.sources, server.text, page.binder.bindings[0].kept], [['x!?'], 'x!?', []]);
});

test('a cell that is cut and pasted stays bound', async () => {
  const server = startServer('x');
  const page = await new Page(server, { source: 'x', link: LINK }, { source: 'y' }).reaches('shared');
  const cut = page.cell.toJSON();
  page.notebook.deleteCell(0);
  await settle();
  page.paste(cut, 1);
  await page.reaches('shared', 1);
  assert.deepEqual([page.sources, server.text], [['y', 'x'], 'x']);
});

for (const cell_type of ['markdown', 'raw'] as const) {
  test(`a ${cell_type} cell in its place is bound as it was`, async () => {
    const server = startServer('x');
    const page = await new Page(server, { source: 'x', link: LINK }).reaches('shared');
    page.notebook.transact(() => {
      const { id, source, metadata } = page.cell.toJSON();
      page.notebook.deleteCell(0);
      page.notebook.insertCell(0, { id: id as string, cell_type, source, metadata: metadata as never });
    });
    await page.reaches('shared');
    page.type('!');
    await until(() => server.text === 'x!', 'the room has what was typed');
    assert.equal(page.cell.cell_type, cell_type);
  });
}

test('a notebook that is read from its file again takes what the room has', async () => {
  const server = startServer('x');
  const page = await new Page(server, { source: 'x', link: saved('x') }).reaches('shared');
  const file = page.notebook.toJSON();
  page.type('!');
  await until(() => server.text === 'x!', 'the room has what was typed');
  page.notebook.fromJSON(file);
  await page.reaches('shared');
  await until(
    () => page.sources[0] === 'x!',
    () => `the cell has the room’s text; it has ${page.sources[0]}`
  );
  assert.deepEqual([server.text, page.binder.bindings[0].kept, page.binder.bindings.length], ['x!', [], 1]);
});

test('what a program makes of the whole text goes to the room; what is deleted there goes here', async () => {
  const server = startServer('x=1\ny=2');
  const page = await new Page(server, { source: '', link: LINK }).reaches('shared');
  page.cell.setSource('x = 1\ny = 2 # 😀');
  await until(
    () => server.text === 'x = 1\ny = 2 # 😀',
    () => `the room has it; it has ${server.text}`
  );
  server.erase(0, server.text.length);
  await until(
    () => page.sources[0] === '',
    () => `the cell is empty; it is ${page.sources[0]}`
  );
});

test('a cell that may not be edited here still shows what others type', async () => {
  const server = startServer('x');
  const page = new Page(server, { source: 'x', link: LINK });
  page.cell.setMetadata('editable', false);
  await page.reaches('shared');
  server.edit(1, '!');
  await until(() => page.sources[0] === 'x!', 'the cell has what was typed in the room');
  assert.equal(page.cell.getMetadata('editable'), false);
});

test('two cells of one notebook on one cell of the room stay the same, and say everything once', async () => {
  const server = startServer('x');
  const link = saved('x');
  const page = await new Page(server, { source: 'x', link }, { source: 'x', link }).reaches('shared', 1);
  page.type('1');
  page.type('2', 1);
  await until(
    () => server.text === 'x12',
    () => `all is in the room; there is ${server.text}`
  );
  server.edit(0, '0');
  await until(() => page.sources.every(text => text === '0x12'), 'all is in both cells');
  assert.equal(page.joined, 1);
});

test('without a connection one goes on typing; it merges later', async () => {
  const server = startServer('x');
  const page = await new Page(server, { source: 'x', link: saved('x') }).reaches('shared');
  server.isUp = false;
  server.close(1006);
  await page.reaches('offline');
  page.type(' mine');
  server.edit(0, 'theirs ');
  server.isUp = true;
  await page.reaches('shared');
  await until(() => server.text === 'theirs x mine', 'the room has both');
  await until(() => page.cell.getSource() === 'theirs x mine', 'the cell has both');
});

test('what is saved in the notebook as shared is in the room for good', async () => {
  const server = startServer('x');
  const page = await new Page(server, { source: 'x', link: saved('x') }).reaches('shared');
  server.acknowledges = false;
  page.type('!');
  await until(() => server.text === 'x!', 'the room has what was typed');
  page.binder.noteSaved();
  assert.deepEqual(readLink(page.cell), saved('x'));
  server.acknowledgeAll();
  await until(() => page.room?.status.kind === 'synced', 'it is durable');
  page.binder.noteSaved();
  assert.deepEqual(readLink(page.cell), saved('x!'));
});

test('to stop sharing leaves both texts, and the room', async () => {
  const server = startServer('x');
  const page = await new Page(server, { source: 'x', link: { ...LINK, run: { by: 'Ada' } } }).reaches('shared');
  page.binder.unbind(page.cell);
  assert.deepEqual(page.cell.getMetadata(LINK_KEY), { run: { by: 'Ada' } });
  await until(() => server.connections === 0, 'the room is left');
  page.type('!');
  await settle();
  assert.deepEqual([page.sources, server.text], [['x!'], 'x']);
});

test('a cell that the room lost is not made again unless one asks for it', async () => {
  const server = startServer('x');
  const page = await new Page(server, { source: 'y', link: { room: 'demo', cell: 'lost' } }).reaches('missing');
  page.type('!');
  assert.equal(server.cells.length, 1);
  page.binder.bindings[0].putBack();
  await page.reaches('shared');
  await until(() => server.cells.length === 2, 'the cell is in the room');
  assert.deepEqual(server.cells[1], { id: 'lost', cell_type: 'code', source: 'y!' });
});

test('in a room that will not have us the cell stays as it is', async () => {
  const server = startServer('theirs');
  server.isUp = false;
  server.roomStatus = 403;
  const page = await new Page(server, { source: 'mine', link: saved('old') }).reaches('refused');
  page.type('!');
  assert.deepEqual([page.sources, readLink(page.cell)], [['mine!'], saved('old')]);
});

test('a new history of the room comes in, and what was typed before is kept', async () => {
  const server = startServer('first life');
  const page = await new Page(server, { source: 'first life', link: LINK }).reaches('shared');
  server.isUp = false;
  server.close(1006);
  await page.reaches('offline');
  page.type(' unsent');
  server.startEpoch('epoch-2', 'second life');
  server.isUp = true;
  await until(() => page.cell.getSource() === 'second life', 'the cell has the new text');
  await page.reaches('shared');
  assert.deepEqual(page.binder.bindings[0].kept, ['first life unsent']);
  page.type('!');
  await until(() => server.text === 'second life!', 'the room has what was typed');
});

test('a new history with the same text keeps nothing back', async () => {
  const server = startServer('first life');
  const page = await new Page(server, { source: 'first life', link: saved('first life') }).reaches('shared');
  for (const epoch of ['epoch-2', 'epoch-3']) {
    server.isUp = false;
    server.close(1006);
    await page.reaches('offline');
    server.startEpoch(epoch, 'first life');
    server.isUp = true;
    await until(() => page.room?.epoch === epoch, 'the room is taken anew');
    await page.reaches('shared');
    assert.deepEqual([page.binder.bindings[0].kept, page.sources], [[], ['first life']]);
  }
});

test('a text that was kept is offered as long as it is another than the one that is shown, and once', async () => {
  const server = startServer('theirs');
  const link = { ...saved('old'), kept: ['mine', 'theirs'] };
  const page = await new Page(server, { source: 'mine', link }).reaches('shared');
  assert.deepEqual(page.binder.bindings[0].kept, ['mine']);
});

test('what is no link is left alone', () => {
  for (const link of [{ room: 7, cell: 'a' }, { room: 'demo' }, { run: { by: 'Ada' } }, { room: '', cell: 'a' }]) {
    const page = new Page(startServer(), { source: 'x', link });
    assert.equal(page.joined, 0);
    assert.deepEqual(page.cell.getMetadata(LINK_KEY), link);
  }
});
