/** A room of a page: what it shows, what it says of it, and what it keeps. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import type { YNotebook } from '@jupyter/ydoc';

import { BrowserPersistence } from '../lib/keep/indexeddb.js';
import { NoPersistence, type IPersistenceFactory } from '../lib/keep/persistence.js';
import { RoomManager } from '../lib/rooms/manager.js';
import { Replica } from '../lib/rooms/replica.js';
import { Room } from '../lib/rooms/room.js';
import type { IRoomStatus } from '../lib/rooms/status.js';
import type { IProviderTimes } from '../lib/wire/provider.js';
import { Browser } from './browser.js';
import { ServerDouble } from './server.js';
import { settle, until } from './wait.js';

const QUICK: Partial<IProviderTimes> = { edits: 1, presence: 1, retry: 1, maxRetry: 4, slowDown: 1 };

const disposables: { dispose(): void }[] = [];

afterEach(() => {
  disposables.splice(0).forEach(disposable => disposable.dispose());
});

function startServer(): ServerDouble {
  const server = new ServerDouble();
  disposables.push(server);
  return server;
}

/** A browser: what its pages keep. */
function startBrowser(): IPersistenceFactory {
  return new Browser();
}

type Options = Partial<Omit<Room.IOptions, 'server' | 'id'>>;

function open(server: ServerDouble, options: Options = {}): Room {
  const { persistence = null, ...others } = options;
  const room = new Room({ id: 'demo', server: server.server, network: null, times: QUICK, persistence, ...others });
  disposables.unshift(room);
  return room;
}

async function join(server: ServerDouble, options: Options = {}): Promise<Room> {
  const room = open(server, options);
  await reaches(room, 'synced');
  return room;
}

async function reaches(room: Room, kind: IRoomStatus['kind']): Promise<void> {
  await until(
    () => room.status.kind === kind,
    () => `the room is ${kind}; it is ${JSON.stringify(room.status)}`
  );
}

const textOf = (room: Room): string => room.sharedModel.cells[0]?.getSource() ?? '';

function type(room: Room, text: string, index = 0): void {
  const cell = room.sharedModel.cells[index];
  cell.updateSource(cell.getSource().length, cell.getSource().length, text);
}

/** Close a page, as soon as what it typed is in the browser's store. */
async function leave(room: Room): Promise<void> {
  room.dispose();
  await settle();
}

/** Cut the line: nobody can connect. */
async function cut(server: ServerDouble, ...rooms: Room[]): Promise<void> {
  server.isUp = false;
  server.close(1006);
  for (const room of rooms) {
    await reaches(room, 'offline');
  }
}

const sourcesOf = (model: YNotebook): string[] => model.cells.map(cell => cell.getSource());

test('a room says what the server said of it', async () => {
  const server = startServer();
  server.startEpoch('e', 'print(1)');
  const room = open(server);
  assert.equal(room.title, 'demo');
  assert.equal(room.status.kind, 'connecting');
  await room.ready;
  await reaches(room, 'synced');
  assert.deepEqual(sourcesOf(room.sharedModel), ['print(1)']);
  assert.equal(room.title, 'Demo');
  assert.equal(room.epoch, 'e');
  assert.equal(room.role, 'owner');
  assert.ok(room.capabilities.has('manage'));
  server.tell({ type: 'renamed', title: 'Other' });
  await until(() => room.title === 'Other', 'the room has its new title');
});

test('what the server took out of the room is told, once', async () => {
  const server = startServer();
  const room = await join(server);
  let told = 0;
  room.mendedChanged.connect(() => (told += 1));
  assert.equal(room.mended, '');
  server.tell({ type: 'mended', message: 'It held too much.' });
  server.tell({ type: 'mended', message: 'It held too much.' });
  server.tell({ type: 'renamed', title: 'Other' });
  await until(() => room.title === 'Other', 'the room has heard all');
  assert.equal(room.mended, 'It held too much.');
  assert.equal(told, 1);
});

test('the status never says synced before the server says durable', async () => {
  const server = startServer();
  const room = await join(server);
  const kinds: string[] = [];
  room.statusChanged.connect((_, status) => kinds.push(`${status.kind} ${status.pending}`));
  server.acknowledges = false;
  type(room, 'a');
  assert.equal(room.status.kind, 'saving');
  await until(() => server.text === 'a', 'the server has the edit');
  await settle();
  server.tell({ type: 'not_saved', message: 'The disk is full.' });
  await reaches(room, 'not-saved');
  assert.equal(room.status.message, 'The disk is full.');
  server.tell({ type: 'saved' });
  await reaches(room, 'saving');
  await cut(server, room);
  server.acknowledges = true;
  server.isUp = true;
  await reaches(room, 'synced');
  const distinct = kinds.filter((kind, index) => kind !== kinds[index - 1]);
  assert.deepEqual(distinct, ['saving 1', 'not-saved 1', 'saving 1', 'offline 1', 'saving 1', 'synced 0']);
});

test('going offline and online is up to the user', async () => {
  const server = startServer();
  const room = await join(server);
  room.goOffline();
  assert.equal(room.status.kind, 'offline');
  type(room, 'kept');
  assert.deepEqual([room.status.kind, room.status.pending], ['offline', 1]);
  await settle();
  assert.equal(server.text, '');
  room.goOnline();
  await reaches(room, 'synced');
  assert.equal(server.text, 'kept');
});

test('typing offline survives a reload, and is merged once', async () => {
  const server = startServer();
  server.startEpoch('e', 'shared ');
  const browser = startBrowser();
  const before = await join(server, { persistence: browser });
  await cut(server, before);
  type(before, 'one ');
  type(before, 'two ');
  await leave(before);

  const after = open(server, { persistence: browser });
  await after.ready;
  await reaches(after, 'offline');
  assert.equal(textOf(after), 'shared one two ');
  assert.deepEqual([after.status.pending, after.status.isKept], [2, true]);
  type(after, 'three');
  assert.equal(after.status.pending, 3);
  await leave(after);

  const last = open(server, { persistence: browser });
  await last.ready;
  assert.equal(last.status.pending, 3);
  server.edit(0, 'theirs ');
  server.isUp = true;
  await reaches(last, 'synced');
  assert.equal(textOf(last), 'theirs shared one two three');
  assert.equal(server.text, 'theirs shared one two three');
  await leave(last);

  server.isUp = false;
  const again = open(server, { persistence: browser });
  await again.ready;
  assert.deepEqual([textOf(again), again.status.pending], [server.text, 0]);
});

test('a document that was only kept in part is not shown before the server completes it', async () => {
  const server = startServer();
  const browser = startBrowser();
  const kept = browser.open('http://double/\ndemo\n');
  kept.save('epoch-1', Uint8Array.of(0, 0), null);
  await kept.flush();
  server.isUp = false;
  const room = open(server, { persistence: browser });
  let isReady = false;
  void room.ready.then(() => (isReady = true));
  await reaches(room, 'offline');
  assert.equal(isReady, false);
  server.isUp = true;
  await room.ready;
  assert.equal(room.sharedModel.cells.length, 1);
});

test('with another epoch nothing is merged, and the text is offered until it is restored', async () => {
  const server = startServer();
  server.startEpoch('old', 'shared');
  const browser = startBrowser();
  const room = await join(server, { persistence: browser });
  await cut(server, room);
  type(room, ' and mine');
  room.sharedModel.insertCell(1, { cell_type: 'markdown', source: '# New' });
  server.startEpoch('new', 'another');
  const former = room.sharedModel;
  let replaced = 0;
  room.sharedModelChanged.connect(() => (replaced += 1));
  server.isUp = true;
  await reaches(room, 'synced');
  await until(() => room.unsent !== null, 'the text is offered');
  assert.equal(replaced, 1);
  assert.ok(former.isDisposed);
  assert.equal(room.epoch, 'new');
  assert.deepEqual(sourcesOf(room.sharedModel), ['another']);
  assert.equal(server.text, 'another');
  assert.equal(room.unsent?.epoch, 'old');
  assert.equal(room.unsent?.reason, 'epoch_mismatch');
  const cells = room.unsent?.cells.map(({ cell_type, source }) => [cell_type, source]);
  assert.deepEqual(cells, [
    ['code', 'shared and mine'],
    ['markdown', '# New']
  ]);
  await leave(room);

  const after = await join(server, { persistence: browser });
  assert.deepEqual(
    after.unsent?.cells.map(cell => cell.source),
    ['shared and mine', '# New']
  );
  assert.ok(after.status.hasUnsent);
  after.restoreUnsent();
  assert.deepEqual([after.unsent, after.status.hasUnsent], [null, false]);
  await until(() => server.cells.length === 3, 'the cells are in the room');
  assert.deepEqual(
    server.cells.map(({ cell_type, source }) => [cell_type, source]),
    [
      ['code', 'another'],
      ['code', 'shared and mine'],
      ['markdown', '# New']
    ]
  );
  await reaches(after, 'synced');
  await leave(after);
  const last = await join(server, { persistence: browser });
  assert.equal(last.unsent, null);
});

test('typing before the other epoch is known survives a reload, and is offered', async () => {
  const server = startServer();
  const browser = startBrowser();
  const before = await join(server, { persistence: browser });
  await cut(server, before);
  type(before, 'mine');
  await leave(before);
  server.startEpoch('new');
  server.isUp = true;
  const after = open(server, { persistence: browser });
  await until(() => after.unsent !== null, 'the text is offered');
  assert.deepEqual(after.unsent?.cells, [{ id: 'first', cell_type: 'code', source: 'mine' }]);
  assert.deepEqual(sourcesOf(after.sharedModel), ['']);
  after.discardUnsent();
  assert.equal(after.unsent, null);
  await leave(after);
  const last = await join(server, { persistence: browser });
  assert.equal(last.unsent, null);
  assert.equal(server.text, '');
});

test('with another epoch and nothing unsent, the document is replaced and nothing is offered', async () => {
  const server = startServer();
  const browser = startBrowser();
  const room = await join(server, { persistence: browser });
  type(room, 'saved');
  await reaches(room, 'synced');
  server.startEpoch('new', 'restored');
  server.close(4409, 'epoch_mismatch: the room has a new history');
  await until(() => textOf(room) === 'restored', 'the new document is shown');
  await reaches(room, 'synced');
  await settle();
  assert.equal(room.unsent, null);
  await leave(room);
  const after = await join(server, { persistence: browser });
  assert.deepEqual([textOf(after), after.unsent], ['restored', null]);
});

test('text that only others typed is not offered', async () => {
  const server = startServer();
  const room = await join(server);
  room.sharedModel.insertCell(1, { cell_type: 'markdown', source: '' });
  await reaches(room, 'saving');
  await reaches(room, 'synced');
  server.acknowledges = false;
  type(room, 'mine', 1);
  server.edit(0, 'theirs');
  await until(() => textOf(room) === 'theirs' && server.cells[1].source === 'mine', 'both have both');
  server.startEpoch('new');
  server.close(4409, 'epoch_mismatch: the room has a new history');
  await until(() => room.unsent !== null, 'the text is offered');
  assert.deepEqual(
    room.unsent?.cells.map(cell => cell.source),
    ['mine']
  );
});

test('text that the new document has is not offered', async () => {
  const server = startServer();
  const room = await join(server);
  await cut(server, room);
  type(room, 'same');
  server.startEpoch('new', 'same');
  server.isUp = true;
  await until(() => room.epoch === 'new', 'the new document is shown');
  await settle();
  assert.equal(room.unsent, null);
});

test('text that somebody brought into the room meanwhile is offered no more', async () => {
  const server = startServer();
  const browser = startBrowser();
  const room = await join(server, { persistence: browser });
  await cut(server, room);
  type(room, 'mine');
  server.startEpoch('new');
  server.isUp = true;
  await until(() => room.unsent !== null, 'the text is offered');
  await leave(room);
  server.edit(0, 'mine');
  server.isUp = false;
  const after = open(server, { persistence: browser });
  await until(() => after.unsent !== null, 'the text is read');
  server.isUp = true;
  await reaches(after, 'synced');
  assert.equal(after.unsent, null);
  await leave(after);
  server.isUp = false;
  const last = open(server, { persistence: browser });
  await last.ready;
  await settle();
  assert.equal(last.unsent, null);
});

test('a document that was taken anew is kept like the first', async () => {
  const server = startServer();
  const browser = startBrowser();
  const room = await join(server, { persistence: browser });
  server.startEpoch('new', 'new ');
  server.close(4409, 'epoch_mismatch: the room has a new history');
  await until(() => textOf(room) === 'new ', 'the new document is shown');
  await cut(server, room);
  type(room, 'mine');
  await leave(room);
  const after = open(server, { persistence: browser });
  await after.ready;
  assert.deepEqual([after.epoch, textOf(after), after.status.pending], ['new', 'new mine', 1]);
});

test('typing goes on while the document is taken anew, and none of it is lost', async () => {
  const server = startServer();
  const room = await join(server);
  server.rejections.push({ reason: 'room_too_large', message: 'No.' });
  const { sharedModel } = room;
  type(room, 'one ');
  server.isMute = true;
  await reaches(room, 'connecting');
  assert.equal(room.sharedModel, sharedModel);
  type(room, 'two');
  server.isMute = false;
  server.close(1006);
  await until(() => room.unsent !== null, 'the text is offered');
  assert.deepEqual(
    room.unsent?.cells.map(cell => cell.source),
    ['one two']
  );
  assert.deepEqual(sourcesOf(room.sharedModel), ['']);
});

for (const reason of ['permission_denied', 'invalid_update', 'room_too_large']) {
  test(`an edit refused for ${reason} is undone here, offered, and never sent again`, async () => {
    const server = startServer();
    server.startEpoch('e', 'shared');
    const browser = startBrowser();
    const room = await join(server, { persistence: browser });
    const kinds = new Set<string>();
    room.statusChanged.connect((_, status) => kinds.add(status.kind));
    server.rejections.push({ reason, message: 'No.' });
    type(room, ' refused');
    await until(() => room.unsent !== null, 'the text is offered');
    await reaches(room, 'synced');
    assert.equal(textOf(room), 'shared');
    assert.equal(server.text, 'shared');
    assert.ok(room.status.hasUnsent);
    assert.deepEqual(room.unsent, {
      ...room.unsent,
      epoch: 'e',
      reason,
      cells: [{ id: 'first', cell_type: 'code', source: 'shared refused' }]
    });
    assert.ok(!kinds.has('refused'));
    await leave(room);
    const after = await join(server, { persistence: browser });
    assert.deepEqual([textOf(after), after.unsent?.cells.length, server.text], ['shared', 1, 'shared']);
  });
}

test('a cell that was cut, and whose insertion elsewhere is refused, is offered, now and after a reload', async () => {
  const server = startServer();
  server.startEpoch('e', 'cut text');
  const browser = startBrowser();
  const room = await join(server, { persistence: browser });
  room.sharedModel.insertCell(1, { cell_type: 'code', source: 'other' });
  room.sharedModel.deleteCell(0);
  await reaches(room, 'synced');
  server.rejections.push({ reason: 'room_too_large', message: 'No.' });
  room.sharedModel.insertCell(1, { cell_type: 'code', source: 'cut text' });
  await until(() => room.unsent !== null, 'the text is offered');
  await reaches(room, 'synced');
  assert.deepEqual(
    room.unsent?.cells.map(cell => cell.source),
    ['cut text']
  );
  await leave(room);
  const after = await join(server, { persistence: browser });
  assert.deepEqual(
    after.unsent?.cells.map(cell => cell.source),
    ['cut text']
  );
});

for (const code of [4403, 4409, 4413]) {
  test(`a connection closed with ${code} keeps what was typed for its author`, async () => {
    const server = startServer();
    const room = await join(server);
    server.isDeaf = true;
    type(room, 'mine');
    await settle();
    server.close(code, 'some_reason: do this');
    server.isDeaf = false;
    await until(() => room.unsent !== null, 'the text is offered');
    await reaches(room, 'synced');
    assert.deepEqual(
      room.unsent?.cells.map(cell => cell.source),
      ['mine']
    );
    assert.equal(server.text, '');
  });
}

test('a text that cannot be restored in a read-only room stays', async () => {
  const server = startServer();
  const room = await join(server);
  await cut(server, room);
  type(room, 'mine');
  server.role = 'viewer';
  server.isUp = true;
  await until(() => room.unsent !== null, 'the text is offered');
  await reaches(room, 'synced');
  assert.equal(room.status.readOnly, true);
  assert.equal(textOf(room), '');
  room.restoreUnsent();
  assert.equal(room.unsent?.reason, 'permission_denied');
});

test('a room that does not exist is refused, and joined when it does', async () => {
  const server = startServer();
  const room = await join(server);
  type(room, 'saved');
  await reaches(room, 'synced');
  server.close(4404, 'room_not_found: create it');
  await reaches(room, 'refused');
  assert.deepEqual(room.status, {
    kind: 'refused',
    pending: 0,
    isKept: false,
    hasUnsent: false,
    reason: 'room_not_found',
    message: 'create it',
    readOnly: true
  });
  room.goOnline();
  await reaches(room, 'synced');
  assert.deepEqual([room.status.reason, room.status.readOnly], [null, false]);
});

test('who is removed stays away, and what was not sent is offered until they are back', async () => {
  const server = startServer();
  const room = await join(server);
  server.isMute = true;
  type(room, 'not sent');
  server.close(4411, 'removed: an owner did it');
  await reaches(room, 'refused');
  assert.equal(room.status.reason, 'removed');
  assert.deepEqual(
    room.unsent?.cells.map(cell => cell.source),
    ['not sent']
  );
  assert.equal(room.unsent?.reason, 'removed');
  assert.deepEqual(sourcesOf(room.sharedModel), ['not sent']);
  server.isMute = false;
  room.goOnline();
  await reaches(room, 'synced');
  assert.equal(room.unsent, null);
});

test('owners hear who waits to be let in, and others forget it', async () => {
  const server = startServer();
  const room = await join(server);
  const waiting = [{ principal: 'guest:1', display_name: 'Zoë', role: 'writer' as const }];
  server.tell({ type: 'members', waiting, total: 3 });
  await until(() => room.waiting.total === 3, 'somebody waits');
  assert.deepEqual(room.waiting.people, waiting);
  server.tell({ type: 'role', role: 'editor', capabilities: ['read', 'edit', 'run'] });
  await until(() => room.waiting.total === 0, 'nobody waits for an editor');
});

test('a handshake that the server refuses is told from a network that is down', async () => {
  const server = startServer();
  server.isUp = false;
  const offline = open(server);
  await until(() => server.attempts.length > 3, 'several attempts failed');
  await reaches(offline, 'offline');
  offline.dispose();
  server.roomStatus = 403;
  const refused = open(server);
  await reaches(refused, 'refused');
  assert.deepEqual([refused.status.reason, refused.status.message], ['permission_denied', 'No.']);
  const attempts = server.attempts.length;
  await settle();
  assert.equal(server.attempts.length, attempts);
});

test('a viewer reads only, from the first moment on, and keeps nothing of their own', async () => {
  const server = startServer();
  const browser = startBrowser();
  const room = open(server, { role: 'viewer', persistence: browser });
  assert.equal(room.status.readOnly, true);
  await reaches(room, 'synced');
  assert.equal(room.status.readOnly, true);
  type(room, 'not allowed');
  assert.deepEqual([room.status.kind, room.status.pending], ['synced', 0]);
  server.edit(0, 'theirs');
  await until(() => textOf(room).includes('theirs'), 'the viewer sees edits');
  await leave(room);
  server.isUp = false;
  const after = open(server, { role: 'viewer', persistence: browser });
  await after.ready;
  assert.equal(textOf(after), 'theirs');
});

const WHAT_A_VIEWER_TRIES: Record<string, (room: Room) => void> = {
  'text into a cell': room => type(room, 'mine'),
  'text in place of a cell’s': room => room.sharedModel.cells[0].setSource('mine'),
  'a cell': room => void room.sharedModel.insertCell(0, { cell_type: 'code', source: 'mine' }),
  'no cell': room => room.sharedModel.deleteCell(0),
  metadata: room => room.sharedModel.cells[0].setMetadata('tags', ['mine']),
  'metadata of the notebook': room => room.sharedModel.setMetadata('language_info', { name: 'mine' }),
  'what the room is about': room => room.sharedModel.setState('dirty', 'mine'),
  'text that passes by every model': room => room.sharedModel.cells[0].ysource.insert(0, 'mine')
};

for (const [what, attempt] of Object.entries(WHAT_A_VIEWER_TRIES)) {
  test(`a viewer cannot put in ${what}, and nothing of it is published when they may edit later`, async () => {
    const server = startServer();
    server.startEpoch('e', 'theirs');
    server.role = 'viewer';
    const room = await join(server);
    attempt(room);
    await reaches(room, 'synced');
    await until(() => textOf(room) === 'theirs' && room.status.kind === 'synced', 'the page shows the room’s text');
    server.role = 'writer';
    server.tell({ type: 'role', role: 'writer', capabilities: ['read', 'edit'] });
    await until(() => !room.status.readOnly, 'the page may edit');
    server.ask();
    type(room, '!');
    await until(
      () => server.text === 'theirs!',
      () => `the server has the text; it has ${server.text}`
    );
    assert.doesNotMatch(JSON.stringify(server.doc.toJSON()), /mine/);
    assert.doesNotMatch(JSON.stringify(room.sharedModel.ydoc.toJSON()), /mine/);
  });
}

test('two pages of one browser keep what both typed offline', async () => {
  const server = startServer();
  server.startEpoch('e', '|');
  const browser = startBrowser();
  const [one, two] = [await join(server, { persistence: browser }), await join(server, { persistence: browser })];
  await cut(server, one, two);
  type(one, 'one');
  type(two, 'two');
  type(two, '!');
  await leave(one);
  await leave(two);
  const room = open(server, { persistence: browser });
  await room.ready;
  assert.equal(room.status.pending, 3);
  server.isUp = true;
  await reaches(room, 'synced');
  assert.equal(server.text.length, '|onetwo!'.length);
  assert.ok(server.text.includes('one') && server.text.includes('two!'));
  await leave(room);
  const after = await join(server, { persistence: browser });
  assert.equal(after.status.pending, 0);
});

test('a page leaves the edits of another one that is open to it', async () => {
  const server = startServer();
  const browser = startBrowser();
  const one = await join(server, { persistence: browser });
  await cut(server, one);
  type(one, 'mine');
  await settle();
  one.goOffline();
  server.isUp = true;
  const two = await join(server, { persistence: browser });
  assert.deepEqual([textOf(two), server.text], ['', '']);
  type(one, '!');
  one.goOnline();
  await reaches(one, 'synced');
  assert.equal(server.text, 'mine!');
  await until(() => textOf(two) === 'mine!', 'the other page has it');
  await leave(one);
  await leave(two);
  const after = await join(server, { persistence: browser });
  assert.deepEqual([after.status.pending, after.unsent], [0, null]);
});

for (const reason of ['permission_denied', 'invalid_update', 'room_too_large']) {
  test(`what one page typed offline comes back after another one was refused for ${reason}`, async () => {
    const server = startServer();
    const browser = startBrowser();
    await leave(await join(server, { persistence: browser }));
    const [one, two] = [await join(server, { persistence: browser }), await join(server, { persistence: browser })];
    server.rejections.push({ reason, message: 'No.' });
    type(one, 'refused');
    await until(() => one.unsent !== null, 'the text is offered');
    await reaches(one, 'synced');
    await cut(server, one, two);
    type(two, 'of two');
    await leave(two);
    server.isUp = true;
    const after = await join(server, { persistence: browser });
    assert.equal(textOf(after), 'of two');
    assert.equal(server.text, 'of two');
    assert.equal(after.unsent?.cells[0].source, 'refused');
  });
}

test('what is of the present epoch is merged, though several pages came to it one by one', async () => {
  const server = startServer();
  const browser = startBrowser();
  const [one, two] = [await join(server, { persistence: browser }), await join(server, { persistence: browser })];
  server.startEpoch('new');
  server.close(4409, 'epoch_mismatch: the room has a new history');
  await until(() => one.epoch === 'new' && two.epoch === 'new', 'both have the new document');
  await cut(server, one, two);
  type(one, 'one');
  type(two, 'two');
  await leave(one);
  await leave(two);
  server.isUp = true;
  const after = await join(server, { persistence: browser });
  assert.ok(['onetwo', 'twoone'].includes(server.text), server.text);
  assert.equal(after.unsent, null);
});

test('a page regards as its own what the page did whose edits it took over', async () => {
  const server = startServer();
  const browser = new Browser();
  const before = await join(server, { persistence: browser });
  const { clientID } = before.sharedModel.ydoc;
  await cut(server, before);
  type(before, 'kept');
  await leave(before);
  const { document } = await browser.open('http://double/\ndemo\n').load();
  assert.ok(document);
  const replica = new Replica({ url: () => '', WebSocket: server.server.WebSocket }, () => true);
  disposables.push(replica);
  replica.resume(document);
  assert.deepEqual(replica.clients, new Set([clientID, replica.doc.clientID]));
});

test('a page that takes the document anew leaves the text of another page to its author', async () => {
  const server = startServer();
  const browser = startBrowser();
  await leave(await join(server, { persistence: browser }));
  const one = await join(server, { persistence: browser });
  const two = await join(server, { persistence: browser });
  await cut(server, one, two);
  two.goOffline();
  type(one, 'of one');
  type(two, 'of two');
  server.startEpoch('new');
  server.isUp = true;
  await until(() => one.epoch === 'new', 'one has the new document');
  await settle();
  await leave(two);
  await leave(one);
  const after = await join(server, { persistence: browser });
  const texts: string[] = [];
  while (after.unsent) {
    texts.push(...after.unsent.cells.map(cell => cell.source));
    after.discardUnsent();
  }
  assert.deepEqual([texts.length, texts[0]], [2, 'of one']);
  assert.ok(texts[1].includes('of two'));
  assert.equal(server.text, '');
});

test('two pages that both offer a text restore it once', async () => {
  const server = startServer();
  const browser = startBrowser();
  const first = await join(server, { persistence: browser });
  await cut(server, first);
  type(first, 'mine');
  server.startEpoch('new');
  server.isUp = true;
  await until(() => first.unsent !== null, 'the text is offered');
  await settle();
  const second = await join(server, { persistence: browser });
  assert.ok(second.unsent);
  first.restoreUnsent();
  second.restoreUnsent();
  await until(() => server.cells.length > 1, 'the text is restored');
  await settle();
  await reaches(first, 'synced');
  await reaches(second, 'synced');
  assert.deepEqual(
    server.cells.map(cell => cell.source),
    ['', 'mine']
  );
});

/** A page that offers `mine`, which is kept in the browser. */
async function offer(server: ServerDouble, persistence: IPersistenceFactory): Promise<Room> {
  const room = await join(server, { persistence });
  server.rejections.push({ reason: 'room_too_large', message: 'No.' });
  type(room, 'mine');
  await until(() => room.unsent !== null, 'the text is offered');
  await reaches(room, 'synced');
  return room;
}

test('a text that is being restored when the page is closed is still there', async () => {
  const server = startServer();
  const browser = startBrowser();
  const room = await offer(server, browser);
  room.restoreUnsent();
  await leave(room);
  const after = await join(server, { persistence: browser });
  const texts = [...sourcesOf(after.sharedModel), ...(after.unsent?.cells ?? []).map(cell => cell.source)];
  assert.equal(texts.filter(text => text === 'mine').length, 1, JSON.stringify(texts));
});

test('a text that is being restored when the page may not edit any more is still offered', async () => {
  const server = startServer();
  const store = new Browser().open('demo');
  const takeText = store.takeText.bind(store);
  const room = await offer(server, { open: () => store });
  store.takeText = async (text, use) => {
    await until(() => room.status.readOnly, 'the page may not edit');
    return takeText(text, use);
  };
  room.restoreUnsent();
  server.tell({ type: 'role', role: 'viewer', capabilities: ['read'] });
  await until(() => room.status.readOnly && room.unsent !== null, 'the text is offered');
  assert.deepEqual([room.unsent?.cells.map(cell => cell.source), sourcesOf(room.sharedModel)], [['mine'], ['']]);
});

test('a viewer who wants nothing kept is not told that it is', async () => {
  const server = startServer();
  const room = await join(server, { persistence: new NoPersistence() });
  await cut(server, room);
  type(room, 'mine');
  assert.deepEqual([room.status.kind, room.status.pending, room.status.isKept], ['offline', 1, false]);
});

test('a browser that refuses to store is said to keep nothing, and everything else works', async () => {
  const server = startServer();
  const room = await join(server, { persistence: new BrowserPersistence('refused', null) });
  assert.equal(room.status.isKept, false);
  await cut(server, room);
  type(room, 'mine');
  assert.deepEqual(room.status.pending, 1);
  server.startEpoch('new');
  server.isUp = true;
  await until(() => room.unsent !== null, 'the text is offered');
  room.restoreUnsent();
  await until(() => server.cells.length === 2, 'the text is restored');
});

test('people are those who are here now, oneself first', async () => {
  const server = startServer();
  const [one, two] = [await join(server), await join(server)];
  await until(() => one.people.length === 2, 'both are here');
  assert.deepEqual(
    one.people.map(({ name, initials, role, isMe }) => ({ name, initials, role, isMe })),
    [
      { name: 'Ada', initials: 'A', role: 'owner', isMe: true },
      { name: 'Ada', initials: 'A', role: 'owner', isMe: false }
    ]
  );
  let changes = 0;
  const moveCursor = (assoc: number): void => two.setCursor({ cell: 'first', anchor: { assoc }, head: { assoc } });
  two.setActiveCell('first');
  moveCursor(0);
  await until(() => one.people[1].cell === 'first' && one.people[1].caret === 'first', 'the other is in the cell');
  one.peopleChanged.connect(() => (changes += 1));
  two.setActiveCell('first');
  moveCursor(-1);
  const cursorOf = (): unknown => one.awareness.getStates().get(two.awareness.clientID)?.cursor?.head.assoc;
  await until(() => cursorOf() === -1, 'the cursor is told');
  assert.equal(changes, 0);
  two.dispose();
  await until(() => one.people.length === 1, 'the other is gone');
});

test('one keeps one’s place when the document is taken anew', async () => {
  const server = startServer();
  const [room, other] = [await join(server), await join(server)];
  room.setActiveCell('first');
  server.startEpoch('new');
  server.close(4409, 'epoch_mismatch: the room has a new history');
  await until(() => room.epoch === 'new' && other.epoch === 'new', 'the new document is shown');
  assert.equal(room.people[0].cell, 'first');
  await until(() => other.people.some(person => !person.isMe && person.cell === 'first'), 'the other sees it');
});

test('undo takes back only what was typed here', async () => {
  const server = startServer();
  const room = await join(server);
  const [cell] = room.sharedModel.cells;
  type(room, 'mine ');
  await until(() => server.text === 'mine ', 'the server has the edit');
  server.edit(0, 'theirs ');
  await until(() => textOf(room) === 'theirs mine ', 'both are there');
  assert.ok(cell.canUndo());
  cell.undo();
  assert.equal(textOf(room), 'theirs ');
});

test('the panes of a page share a room, which ends with the last of them', async () => {
  const server = startServer();
  const manager = new RoomManager({ server: server.server, persistence: startBrowser() });
  const [one, two] = [manager.acquire('demo'), manager.acquire('demo')];
  const viewer = manager.acquire('demo', { role: 'viewer' });
  disposables.unshift(one, two, viewer);
  assert.equal(one.room, two.room);
  assert.notEqual(one.room, viewer.room);
  await reaches(one.room, 'synced');
  await reaches(viewer.room, 'synced');
  assert.equal(server.connections, 2);
  one.dispose();
  one.dispose();
  assert.equal(two.room.isDisposed, false);
  two.dispose();
  assert.equal(two.room.isDisposed, true);
  await until(() => server.connections === 1, 'the viewer is alone');
  const again = manager.acquire('demo');
  disposables.unshift(again);
  assert.notEqual(again.room, one.room);
});

test('a room that is disposed before it is ready connects never', async () => {
  const server = startServer();
  const room = open(server, { persistence: startBrowser() });
  let disposed = 0;
  room.disposed.connect(() => (disposed += 1));
  room.dispose();
  room.dispose();
  room.goOnline();
  await settle();
  assert.equal(disposed, 1);
  assert.equal(server.attempts.length, 0);
});

test('text in a deleted cell is told to all, and is unsent text for who typed it', async () => {
  const server = startServer();
  const [ada, ben] = [await join(server), await join(server)];
  type(ada, 'shared');
  await until(() => textOf(ben) === 'shared', 'both have the text');
  const gone: string[] = [];
  ben.cellDeletedByOther.connect((_, { id }) => gone.push(id));
  await cut(server, ada, ben);
  ada.sharedModel.deleteCell(0);
  type(ben, ' late');
  server.isUp = true;
  await until(() => ada.lateCells.length === 1 && ben.lateCells.length === 1, 'both know of the text');
  await reaches(ben, 'synced');
  assert.deepEqual([ada.lateCells[0].source, gone], ['shared late', ['first']]);
  assert.ok(ben.status.hasUnsent);
  let told = 0;
  ada.lateCellsChanged.connect(() => (told += 1));
  ben.sharedModel.restoreLate('first');
  await until(() => textOf(ada) === 'shared late', 'the cell is back');
  assert.deepEqual([told, ada.lateCells, ben.status.hasUnsent, ada.status.hasUnsent], [1, [], false, false]);
});

test('the late text of another history is not shown', async () => {
  const server = startServer();
  const [ada, ben] = [await join(server), await join(server)];
  type(ada, 'shared');
  await until(() => textOf(ben) === 'shared', 'both have the text');
  await cut(server, ada, ben);
  ada.sharedModel.deleteCell(0);
  type(ben, ' late');
  server.isUp = true;
  await until(() => ben.lateCells.length === 1, 'the text is known');
  await reaches(ben, 'synced');
  server.startEpoch('new', 'another');
  server.close(4409, 'epoch_mismatch: the room has a new history');
  await until(() => textOf(ben) === 'another', 'the new document is shown');
  assert.deepEqual(ben.lateCells, []);
});

test('what was typed offline before a reload follows the merge that others made meanwhile', async () => {
  const server = startServer();
  const browser = startBrowser();
  const ada = await join(server);
  ada.sharedModel.insertCell(1, { id: 'second', cell_type: 'code', source: 'second' });
  const ben = await join(server, { persistence: browser });
  await until(() => ben.sharedModel.cells.length === 2, 'both have both cells');
  await cut(server, ada, ben);
  ada.sharedModel.mergeCells(0, [1]);
  type(ben, ' late', 1);
  await leave(ben);
  server.isUp = true;
  const after = await join(server, { persistence: browser });
  await until(
    () => textOf(ada).endsWith('second late'),
    () => `the text is where the cell is: ${textOf(ada)}`
  );
  assert.deepEqual([ada.lateCells, after.lateCells], [[], []]);
});

test('what was typed and saved before a reload follows the merge of somebody who did not know it', async () => {
  const server = startServer();
  const browser = startBrowser();
  const ada = await join(server);
  ada.sharedModel.insertCell(1, { id: 'second', cell_type: 'code', source: 'second' });
  const ben = await join(server, { persistence: browser });
  await until(() => ben.sharedModel.cells.length === 2, 'both have both cells');
  ada.goOffline();
  ada.sharedModel.mergeCells(0, [1]);
  type(ben, ' saved', 1);
  await reaches(ben, 'synced');
  await leave(ben);
  const after = await join(server, { persistence: browser });
  ada.goOnline();
  await until(
    () => textOf(ada).endsWith('second saved'),
    () => `the text is where the cell is: ${textOf(ada)}`
  );
  assert.deepEqual([ada.lateCells, after.lateCells], [[], []]);
});

test('what was typed before the document was taken anew is still this page’s own, after a reload too', async () => {
  const server = startServer();
  const browser = startBrowser();
  const ben = await join(server, { persistence: browser });
  type(ben, 'mine');
  await reaches(ben, 'synced');
  server.close(4413, 'document_too_large: no');
  const former = ben.sharedModel;
  await until(() => ben.sharedModel !== former && ben.status.kind === 'synced', 'the document is taken anew');
  assert.ok(ben.sharedModel.wroteIn('first'));
  await leave(ben);
  const after = await join(server, { persistence: browser });
  assert.ok(after.sharedModel.wroteIn('first'));
});

test('text that is brought back is in its cell, if that was deleted', async () => {
  const server = startServer();
  server.startEpoch('old', 'shared');
  const ben = await join(server);
  await cut(server, ben);
  type(ben, ' and mine');
  server.startEpoch('new', 'shared');
  server.isUp = true;
  const ada = await join(server);
  ada.sharedModel.insertCell(1, { id: 'second', cell_type: 'code', source: 'second' });
  ada.sharedModel.deleteCell(0);
  await until(() => ben.unsent !== null && ben.sharedModel.cells[0]?.id === 'second', 'the text is offered');
  ben.restoreUnsent();
  await until(() => ada.sharedModel.cells.length === 2, 'the cell is back');
  assert.deepEqual(
    ada.sharedModel.cells.map(cell => cell.id),
    ['first', 'second']
  );
  assert.deepEqual(sourcesOf(ada.sharedModel), ['shared and mine', 'second']);
});

test('text that is brought back takes the place of nothing that somebody else typed in its deleted cell', async () => {
  const server = startServer();
  server.startEpoch('old', 'shared');
  const ben = await join(server);
  await cut(server, ben);
  type(ben, ' and mine');
  server.startEpoch('new', 'shared');
  server.isUp = true;
  const ada = await join(server);
  ada.sharedModel.deleteCell(0);
  await reaches(ada, 'synced');
  server.edit(0, 'late ');
  await until(() => ben.unsent !== null && ben.lateCells.length === 1, 'both texts are offered');
  ben.restoreUnsent();
  await until(() => ada.sharedModel.cells.length === 1, 'the text is back');
  assert.deepEqual(sourcesOf(ada.sharedModel), ['shared and mine']);
  assert.deepEqual(
    ada.lateCells.map(cell => cell.source),
    ['late shared']
  );
});

test('text is offered in the order of the notebook, and comes back beside its cells', async () => {
  const server = startServer();
  const ben = await join(server);
  ben.sharedModel.insertCells(
    1,
    ['a', 'b'].map(id => ({ id, cell_type: 'code', source: id }))
  );
  ben.sharedModel.moveCells(2, 0);
  await reaches(ben, 'synced');
  await cut(server, ben);
  [0, 1, 2].forEach(index => type(ben, '!', index));
  server.startEpoch('new', 'first');
  server.isUp = true;
  const ada = await join(server);
  ada.sharedModel.insertCells(
    1,
    ['a', 'b'].map(id => ({ id, cell_type: 'code', source: id }))
  );
  ada.sharedModel.moveCells(2, 0);
  await until(() => ben.unsent !== null && ben.sharedModel.cells[0]?.id === 'b', 'the text is offered');
  assert.deepEqual(
    ben.unsent?.cells.map(cell => cell.id),
    ['b', 'first', 'a']
  );
  ben.restoreUnsent();
  await until(() => ada.sharedModel.cells.length === 6, 'the text is in the room');
  assert.deepEqual(sourcesOf(ada.sharedModel), ['b', 'b!', 'first', '!', 'a', 'a!']);
});

test('the text of a cell that a client takes out of the document is kept for all who had it', async () => {
  const server = startServer();
  server.startEpoch('e', 'text');
  const browser = startBrowser();
  const ben = await join(server, { persistence: browser });
  ben.sharedModel.insertCell(1, { id: 'gone', cell_type: 'code', source: 'known to be gone' });
  type(ben, ' of Ben');
  ben.sharedModel.deleteCell(1);
  ben.sharedModel.deleteCell(0);
  ben.sharedModel.undo();
  await reaches(ben, 'synced');
  server.removeCells();
  await until(() => ben.unsent !== null, 'the text is offered');
  assert.deepEqual([ben.sharedModel.cells, ben.unsent?.reason], [[], 'cell_removed']);
  assert.deepEqual(ben.unsent?.cells, [{ id: 'first', cell_type: 'code', source: 'text of Ben' }]);
  await leave(ben);
  const after = await join(server, { persistence: browser });
  assert.equal(after.unsent?.cells[0].source, 'text of Ben');
  after.restoreUnsent();
  await until(() => textOf(after) === 'text of Ben', 'it is back');
});

test('what others did to the text of somebody who may not edit is put in order when they may again', async () => {
  const server = startServer();
  const [ada, ben] = [await join(server), await join(server)];
  ada.sharedModel.insertCell(1, { cell_type: 'code', source: 'second' });
  await until(() => ben.sharedModel.cells.length === 2, 'Ben has both cells');
  ada.goOffline();
  await reaches(ada, 'offline');
  type(ben, ' TYPED', 1);
  await until(() => ben.status.kind === 'synced', 'what Ben typed is saved');
  server.tell({ type: 'role', role: 'viewer', capabilities: ['read'] });
  await until(() => ben.status.readOnly, 'Ben may not edit');
  ada.sharedModel.mergeCells(0, [1]);
  ada.goOnline();
  await until(() => ben.sharedModel.cells.length === 1, 'Ben has one cell');
  server.tell({ type: 'role', role: 'writer', capabilities: ['read', 'edit'] });
  server.ask();
  await until(
    () => textOf(ada).endsWith('second TYPED'),
    () => `Ada has what Ben typed; she has ${textOf(ada)}`
  );
});
