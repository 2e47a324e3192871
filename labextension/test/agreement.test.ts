/** Whether a page has what the room has: it asks, and a page that differs takes the room's document. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import * as Y from 'yjs';

import { Room } from '../lib/rooms/room.js';
import type { Message, Role } from '../lib/wire/protocol.js';
import type { IProviderTimes } from '../lib/wire/provider.js';
import { ServerDouble } from './server.js';
import { settle, until } from './wait.js';

const QUICK: Partial<IProviderTimes> = { edits: 1, presence: 1, retry: 1, checkJoined: 1, checkIdle: 5 };

const disposables: { dispose(): void }[] = [];

afterEach(() => {
  disposables.splice(0).forEach(disposable => disposable.dispose());
});

function startServer(text = 'print(1)'): ServerDouble {
  const server = new ServerDouble();
  server.startEpoch('e', text);
  disposables.push(server);
  return server;
}

function open(server: ServerDouble, options: { times?: Partial<IProviderTimes>; role?: Role } = {}): Room {
  const times = { ...QUICK, ...options.times };
  const room = new Room({ id: 'demo', server: server.server, network: null, persistence: null, ...options, times });
  disposables.unshift(room);
  return room;
}

async function reachesSynced(room: Room): Promise<void> {
  await until(() => room.status.kind === 'synced', `the room is synced`);
}

/** The room's text changes, and nobody is told: a fault of a library, say. */
function changeUnheard(server: ServerDouble, change: (source: Y.Text) => void): Uint8Array {
  const before = Y.encodeStateVector(server.doc);
  change(server.doc.getArray<Y.Map<unknown>>('cells').get(0).get('source') as Y.Text);
  return Y.encodeStateAsUpdate(server.doc, before);
}

/** The page's text becomes another one of the same length, as a fault of a library would make it. */
function spoil(room: Room, text: string): void {
  const source = room.sharedModel.ydoc.getArray<Y.Map<unknown>>('cells').get(0).get('source') as Y.Text;
  const content = source._start?.content;
  assert.ok(content instanceof Y.ContentString);
  content.str = text;
}

const sourcesOf = (room: Room): string[] => room.sharedModel.cells.map(cell => cell.getSource());

const checksOf = (server: ServerDouble): Extract<Message, { type: 'check' }>[] =>
  server.received.filter(message => message.type === 'check');

const differencesOf = (server: ServerDouble): number => checksOf(server).filter(check => check.differs).length;

test('a page that has what the room has asks after its join and after changes, and nothing comes of it', async () => {
  const server = startServer();
  const room = open(server);
  await reachesSynced(room);
  await until(() => checksOf(server).length === 1, 'the page asks after its join');
  server.edit(0, '漢字 👩‍👩‍👧 ');
  await until(() => checksOf(server).length === 2, 'the page asks after a change by others');
  room.sharedModel.cells[0].updateSource(0, 0, 'x');
  await until(() => checksOf(server).length === 3, 'the page asks after a change of its own');
  await settle();
  assert.equal(differencesOf(server), 0);
  assert.equal(room.unsent, null);
  assert.equal(server.attempts.length, 1);
});

for (const role of ['editor', 'viewer'] as const) {
  test(`the page of a ${role} that differs takes the room's document, and keeps its own text`, async () => {
    const server = startServer('abc');
    const room = open(server, { role, times: { checkJoined: 100_000 } });
    await reachesSynced(room);
    spoil(room, 'xyz');
    server.edit(3, 'd');
    await until(() => sourcesOf(room)[0] === 'xyzd', 'the page has another text');
    await until(() => sourcesOf(room)[0] === 'abcd', 'the page has the text of the room');
    await reachesSynced(room);
    await until(() => room.unsent !== null, 'the text is kept');
    assert.equal(room.unsent?.reason, 'diverged');
    assert.deepEqual(
      room.unsent?.cells.map(cell => cell.source),
      ['xyzd']
    );
    assert.equal(differencesOf(server), 1);
  });
}

test('a page that came to differ without a change of its document finds out at its next join', async () => {
  const server = startServer('abc');
  const room = open(server);
  await reachesSynced(room);
  await until(() => checksOf(server).length === 1, 'the page asks after its join');
  await settle();
  spoil(room, 'xyz');
  server.close(1001);
  await until(() => room.unsent !== null, 'the text is kept');
  assert.deepEqual([room.unsent?.reason, sourcesOf(room), differencesOf(server)], ['diverged', ['abc'], 1]);
});

test('what somebody deleted knowingly is not offered when the document is taken anew', async () => {
  const server = startServer('abc');
  const room = open(server, { times: { checkJoined: 100_000 } });
  await reachesSynced(room);
  room.sharedModel.insertCell(1, { cell_type: 'code', source: 'deleted' });
  room.sharedModel.deleteCell(1);
  await reachesSynced(room);
  spoil(room, 'xyz');
  server.edit(3, 'd');
  await until(() => room.unsent !== null, 'the text is kept');
  assert.deepEqual(
    room.unsent?.cells.map(cell => cell.source),
    ['xyzd']
  );
});

test('a deletion that is on its way when the page asks is no difference', async () => {
  const server = startServer('abc');
  const room = open(server);
  server.onCheck = () => {
    server.onCheck = () => undefined;
    const update = changeUnheard(server, source => source.delete(0, 1));
    // Behind the answer, but before the answer to the question that the page asks again.
    setImmediate(() => server.say({ type: 'update', update }));
  };
  await reachesSynced(room);
  await until(() => sourcesOf(room)[0] === 'bc', 'the deletion is here');
  const asked = checksOf(server).length;
  await until(() => checksOf(server).length > asked, 'the page asks again when it is idle');
  await settle();
  assert.equal(differencesOf(server), 0);
  assert.equal(room.unsent, null);
  assert.equal(server.attempts.length, 1);
});

test('a page is not mended twice within a minute', async () => {
  const server = startServer('abc');
  const room = open(server, { times: { checkIdle: 1 } });
  await reachesSynced(room);
  spoil(room, 'xyz');
  server.edit(0, '1');
  await until(() => differencesOf(server) === 1, 'the page found a difference');
  await reachesSynced(room);
  const asked = checksOf(server).length;
  spoil(room, '2');
  server.edit(0, '2');
  await new Promise(resolve => setTimeout(resolve, 30));
  assert.equal(checksOf(server).length, asked);
});

test('an answer that says nothing yet changes nothing', async () => {
  const server = startServer('abc');
  const room = open(server);
  await reachesSynced(room);
  await until(() => checksOf(server).length === 1, 'the page asks');
  server.tell({ type: 'check', digest: null, agrees: null });
  await settle();
  assert.equal(differencesOf(server), 0);
  assert.equal(room.unsent, null);
});

test('a server that knows nothing of checks is not asked', async () => {
  const server = startServer();
  server.checks = false;
  const room = open(server);
  await reachesSynced(room);
  server.edit(0, 'x');
  await new Promise(resolve => setTimeout(resolve, 30));
  assert.deepEqual(checksOf(server), []);
});
