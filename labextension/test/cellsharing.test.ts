/** How a cell gets into a room, and a room's cell into a notebook. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { YNotebook } from '@jupyter/ydoc';

import { NotebookBinder } from '../lib/bind/binder.js';
import { joinCell, roomOfLink, shareInNewRoom, shareInRoom, type ISharingHost } from '../lib/bind/cellsharing.js';
import { hashOf, LINK_KEY, readLink, type OwnCell } from '../lib/bind/metadata.js';
import type { INewRoom } from '../lib/rest/roomsapi.js';
import { RoomHandle } from '../lib/rooms/manager.js';
import { Room } from '../lib/rooms/room.js';
import { ServerDouble } from './server.js';
import { until } from './wait.js';

const QUICK = { edits: 1, presence: 1, retry: 1, maxRetry: 4, slowDown: 1 };

const disposables: { dispose(): void }[] = [];

afterEach(() => {
  disposables.splice(0).forEach(disposable => disposable.dispose());
});

/** A page with a notebook of these cells, at a server that takes note of the rooms which are made. */
function open(...sources: string[]): {
  server: ServerDouble;
  host: ISharingHost;
  binder: NotebookBinder;
  cells: () => OwnCell[];
  made: INewRoom[];
} {
  const server = new ServerDouble();
  server.startEpoch('epoch-1', 'in the room');
  const join = (id: string): RoomHandle => {
    const room = new Room({ id, server: server.server, network: null, times: QUICK, persistence: null });
    return new RoomHandle(room, () => room.dispose());
  };
  const made: INewRoom[] = [];
  const create = (room: INewRoom): Promise<object> => {
    made.push(room);
    return Promise.resolve({ id: 'demo' });
  };
  const trans = { __: (text: string) => text };
  const host = { api: { create }, trans, join } as unknown as ISharingHost;
  const notebook = YNotebook.create();
  notebook.setMetadata('kernelspec', { name: 'python3', display_name: 'Python 3' });
  notebook.insertCells(
    0,
    sources.map(source => ({ cell_type: 'code', source, metadata: { tags: ['a'] } }))
  );
  const binder = new NotebookBinder({ notebook, join });
  disposables.push(binder, notebook, server);
  return { server, host, binder, cells: () => notebook.cells, made };
}

test('a new room is made with a copy of the cell and the language, and the cell is bound to that', async () => {
  const { host, binder, cells, made } = open('x = 1');
  assert.equal(await shareInNewRoom(host, binder, cells()[0], 'A title'), 'demo');
  const [{ title, content }] = made as { title: string; content: { metadata: object; cells: { id: string }[] } }[];
  const [{ id, ...copy }] = content.cells;
  assert.equal(title, 'A title');
  assert.deepEqual(content.metadata, { kernelspec: { name: 'python3', display_name: 'Python 3' } });
  const rest = { metadata: { tags: ['a'] }, outputs: [], execution_count: null };
  assert.deepEqual(copy, { cell_type: 'code', source: 'x = 1', ...rest });
  assert.notEqual(id, cells()[0].id);
  assert.deepEqual(readLink(cells()[0]), { room: 'demo', cell: id, base: hashOf('x = 1') });
});

test('a room that there is gets a copy of the cell at its end, without the link to another room', async () => {
  const { server, host, binder, cells } = open('x = 1');
  cells()[0].setMetadata(LINK_KEY, { room: 'former', cell: 'gone' });
  await shareInRoom(host, binder, cells()[0], 'demo');
  await until(() => binder.bindings[0].state === 'shared', 'the cell is shared');
  await until(() => server.cells.length === 2, 'the room has the cell');
  const [, added] = server.cells;
  assert.equal(added.source, 'x = 1');
  assert.equal(readLink(cells()[0])?.cell, added.id);
  const [, model] = binder.bindings[0].room.sharedModel.cells;
  assert.deepEqual(model.getMetadata(), { tags: ['a'] });
});

test('who may only look shares nothing', async () => {
  const { server, host, binder, cells } = open('x = 1');
  server.role = 'viewer';
  await assert.rejects(shareInRoom(host, binder, cells()[0], 'demo'), /may not edit/);
  assert.deepEqual([server.cells.length, readLink(cells()[0])], [1, null]);
});

test('a room’s cell comes into a new cell behind the active one, or into that if it is empty', async () => {
  const { host, binder, cells } = open('x', '');
  const first = (found: readonly OwnCell[]): Promise<OwnCell | null> => Promise.resolve(found[0]);
  await joinCell(host, binder, cells()[0], 'demo', first);
  await until(() => cells()[1].getSource() === 'in the room', 'the new cell has the text');
  await joinCell(host, binder, cells()[2], 'demo', first);
  await until(() => cells()[2].getSource() === 'in the room', 'the empty cell has the text');
  assert.deepEqual(
    cells().map(cell => cell.getSource()),
    ['x', 'in the room', 'in the room']
  );
  await joinCell(host, binder, cells()[0], 'demo', () => Promise.resolve(null));
  assert.equal(cells().length, 3);
});

test('a room that will not have us is not joined, and says why', async () => {
  const { server, host, binder, cells } = open('x');
  server.isUp = false;
  const first = (found: readonly OwnCell[]): Promise<OwnCell | null> => Promise.resolve(found[0]);
  await assert.rejects(joinCell(host, binder, cells()[0], 'demo', first), /cannot be reached/);
  assert.equal(cells().length, 1);
});

test('a link names a room, and so does its bare name', () => {
  const seen = [
    'https://hub.example/lab?room=demo&role=viewer',
    ' demo.2 ',
    'https://hub.example/lab',
    'two words',
    ''
  ];
  assert.deepEqual(seen.map(roomOfLink), ['demo', 'demo.2', null, null, null]);
});
