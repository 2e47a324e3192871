/** The provider against a scripted server. */
import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';

import * as encoding from 'lib0/encoding';
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';

import { roomUrl } from '../lib/rest/http.js';
import { build, type Role } from '../lib/wire/protocol.js';
import { type IProviderClosing, type IProviderTimes, Provider } from '../lib/wire/provider.js';
import { ServerDouble } from './server.js';
import { settle, until } from './wait.js';

const QUICK: Partial<IProviderTimes> = { edits: 1, presence: 1, retry: 1, maxRetry: 4, slowDown: 1 };

/** One page with a provider. */
class Page {
  constructor(server: ServerDouble, options: { role?: Role; times?: Partial<IProviderTimes> } = {}) {
    this.provider = new Provider({
      url: epoch => roomUrl(server.server, 'demo', options.role, epoch),
      WebSocket: server.server.WebSocket,
      doc: this.doc,
      awareness: this.awareness,
      network: this.network,
      times: { ...QUICK, ...options.times }
    });
    this.provider.closed.connect((_, closing) => this.closings.push(closing));
    pages.push(this);
  }

  readonly doc = new Y.Doc();
  readonly awareness = new Awareness(this.doc);
  readonly network = new EventTarget();
  readonly provider: Provider;
  readonly closings: IProviderClosing[] = [];

  get text(): string {
    const cell = this.doc.getArray<Y.Map<unknown>>('cells').get(0);
    return String(cell?.get('source') ?? '');
  }

  type(text: string, index = this.text.length): void {
    (this.doc.getArray<Y.Map<unknown>>('cells').get(0).get('source') as Y.Text).insert(index, text);
  }

  async join(): Promise<void> {
    this.provider.connect();
    await until(() => this.provider.state === 'synced', 'the page is synced');
  }

  async saved(): Promise<void> {
    const words = (): string => `all is saved; ${this.provider.pending} pending, ${this.provider.state}`;
    await until(() => this.provider.state === 'synced' && this.provider.pending === 0, words);
  }

  dispose(): void {
    this.provider.dispose();
    this.awareness.destroy();
    this.doc.destroy();
  }
}

const pages: Page[] = [];
const servers: ServerDouble[] = [];

function startServer(): ServerDouble {
  const server = new ServerDouble();
  servers.push(server);
  return server;
}

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
  pages.splice(0).forEach(page => page.dispose());
  servers.splice(0).forEach(server => server.dispose());
});

const countEdits = (server: ServerDouble): number =>
  server.received.filter(message => message.type === 'update' || message.type === 'sync_step2').length;

test('joining gets the document, and edits reach the room and the others', async () => {
  const server = startServer();
  server.startEpoch('e', 'print(1)');
  const [ada, bob] = [new Page(server), new Page(server)];
  await ada.join();
  await bob.join();
  assert.equal(ada.text, 'print(1)');
  ada.type('#');
  await until(() => bob.text === 'print(1)#', 'the other has the edit');
  assert.equal(server.text, 'print(1)#');
  await ada.saved();
});

test('nothing is sent before the server says hello', async () => {
  const server = startServer();
  server.isMute = true;
  const page = new Page(server);
  page.provider.connect();
  page.doc.getMap('other').set('key', 1);
  await until(() => server.connections === 1, 'the page is connected');
  await settle();
  assert.deepEqual(server.received, []);
  assert.equal(page.provider.state, 'connecting');
  assert.equal(page.provider.pending, 1);
});

test('a server that asks before it says hello is not answered', async () => {
  const server = startServer();
  server.isMute = true;
  const page = new Page(server, { times: { retry: 100_000, maxRetry: 100_000 } });
  page.provider.connect();
  await until(() => server.connections === 1, 'the page is connected');
  server.ask();
  await until(() => page.provider.state === 'offline', 'the page hung up');
  assert.deepEqual(server.received, []);
});

test('a server that does not say hello is given up and tried again', async () => {
  const server = startServer();
  server.isMute = true;
  const page = new Page(server, { times: { hello: 5 } });
  page.provider.connect();
  await until(() => server.attempts.length > 1, 'there is a second attempt');
  server.isMute = false;
  await until(() => page.provider.state === 'synced', 'the page is synced');
});

test('nothing but a question is sent to a server with another epoch', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  page.provider.disconnect();
  page.type('mine');
  server.startEpoch('other', 'theirs');
  server.received.length = 0;
  page.provider.connect();
  await until(() => page.provider.state === 'stopped', 'the page gave up');
  assert.deepEqual(server.received, []);
  assert.equal(server.text, 'theirs');
  assert.equal(page.text, 'mine');
  assert.deepEqual(
    page.closings.map(closing => [closing.action, closing.reason]),
    [['retake', 'epoch_mismatch']]
  );
  assert.equal(page.provider.pending, 1);
});

test('an epoch that only hello tells is refused as well', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  page.type('mine');
  await page.saved();
  server.received.length = 0;
  const { hello } = page.provider;
  assert.ok(hello);
  server.say({ type: 'hello', info: { ...hello, epoch: 'other' } });
  await until(() => page.provider.state === 'stopped', 'the page gave up');
  assert.deepEqual(server.received, []);
});

test('the first edit goes at once, those of the same frame together', async () => {
  const server = startServer();
  const page = new Page(server, { times: { edits: 50 } });
  await page.join();
  await page.saved();
  const before = countEdits(server);
  for (const character of 'hello world') {
    page.type(character);
  }
  assert.equal(page.provider.pending, 11);
  await settle();
  assert.equal(server.text, 'h');
  assert.equal(page.provider.pending, 10);
  await page.saved();
  assert.equal(server.text, 'hello world');
  assert.equal(countEdits(server) - before, 2);
});

test('edits are pending until the server acknowledges them', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  await page.saved();
  server.acknowledges = false;
  page.type('a');
  await until(() => server.text === 'a', 'the server has the edit');
  page.type('b');
  await until(() => server.text === 'ab', 'the server has both');
  assert.equal(page.provider.pending, 2);
  server.say({ type: 'ack', count: countEdits(server) - 1, seq: 1 });
  await until(() => page.provider.pending === 1, 'the first is acknowledged');
  server.acknowledgeAll();
  await page.saved();
});

test('an edit whose acknowledgement is lost is sent again, and is there once', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  server.acknowledges = false;
  page.type('once');
  await until(() => server.text === 'once', 'the server has the edit');
  server.close(1006);
  await until(() => page.provider.state === 'offline', 'the page knows');
  assert.equal(page.provider.pending, 1);
  server.acknowledges = true;
  await page.saved();
  assert.equal(server.text, 'once');
  assert.equal(page.text, 'once');
});

test('what both sides typed while they were apart is merged', async () => {
  const server = startServer();
  server.startEpoch('e', 'middle');
  const page = new Page(server);
  await page.join();
  server.isUp = false;
  server.close(1006);
  await until(() => page.provider.state === 'offline', 'the page is offline');
  page.type('-end');
  page.type('!');
  server.edit(0, 'start-');
  assert.equal(page.provider.pending, 2);
  server.isUp = true;
  await page.saved();
  assert.equal(page.text, 'start-middle-end!');
  assert.equal(server.text, 'start-middle-end!');
});

test('a page is not synced before it has told the server what it has', async () => {
  const server = startServer();
  server.startEpoch('e', 'theirs');
  server.asks = false;
  const page = new Page(server);
  page.provider.connect();
  await until(() => page.text === 'theirs', 'the page has the document');
  assert.equal(page.provider.state, 'connecting');
  server.ask();
  await until(() => page.provider.state === 'synced', 'the page is synced');
});

test('edits between hello and the comparison are not lost', async () => {
  const server = startServer();
  const page = new Page(server);
  page.provider.changed.connect(() => {
    if (page.provider.hello && page.doc.getMap('other').size === 0) {
      page.doc.getMap('other').set('key', 1);
    }
  });
  await page.join();
  await page.saved();
  assert.equal(server.doc.getMap('other').get('key'), 1);
});

test('a viewer sends no edits, and a document with one is taken anew', async () => {
  const server = startServer();
  const page = new Page(server, { role: 'viewer' });
  await page.join();
  server.ask();
  page.type('not ');
  page.type('allowed');
  await settle();
  assert.equal(countEdits(server), 0);
  assert.equal(page.provider.pending, 0);
  assert.equal(server.text, '');
  assert.deepEqual(
    page.closings.map(closing => [closing.action, closing.reason]),
    [['retake', 'permission_denied']]
  );
});

test('edits made before the server said that one may only read are not sent', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  page.provider.disconnect();
  page.type('mine');
  server.role = 'viewer';
  page.provider.connect();
  await until(() => page.provider.state === 'stopped', 'the page gave up');
  assert.deepEqual(
    page.closings.map(closing => [closing.action, closing.reason]),
    [['retake', 'permission_denied']]
  );
  assert.equal(server.text, '');
  assert.equal(page.provider.pending, 1);
});

test('a role that is raised while connected lets edits through', async () => {
  const server = startServer();
  const page = new Page(server, { role: 'viewer' });
  await page.join();
  server.tell({ type: 'role', role: 'writer', capabilities: ['read', 'edit'] });
  server.ask();
  await until(() => page.provider.capabilities.has('edit'), 'the page may edit');
  await settle();
  page.type('allowed');
  await page.saved();
  assert.equal(server.text, 'allowed');
  assert.equal(page.awareness.getLocalState()?.user.role, 'writer');
});

test('nothing is sent between a raised role and the question what is missing', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  server.tell({ type: 'role', role: 'viewer', capabilities: ['read'] });
  await until(() => !page.provider.capabilities.has('edit'), 'the page may only read');
  server.tell({ type: 'role', role: 'writer', capabilities: ['read', 'edit'] });
  await until(() => page.provider.capabilities.has('edit'), 'the page may edit');
  const before = countEdits(server);
  page.type('text');
  await settle();
  assert.equal(countEdits(server), before);
  server.ask();
  await page.saved();
  assert.equal(server.text, 'text');
});

for (const code of [1000, 1001, 1006, 1011, 1013, 4507, 4508, 4529, 4599]) {
  test(`after close code ${code} the page connects again and sends what is missing`, async () => {
    const server = startServer();
    const page = new Page(server);
    await page.join();
    server.isDeaf = true;
    page.type('kept');
    server.close(code, 'some_reason: do this');
    await until(() => page.closings.length > 0, 'the page knows');
    assert.equal(page.closings[0].action, 'retry');
    server.isDeaf = false;
    await page.saved();
    assert.equal(server.text, 'kept');
  });
}

for (const code of [1003, 4404, 4410, 4499]) {
  test(`after close code ${code} the page stops, until it is asked to connect`, async () => {
    const server = startServer();
    const page = new Page(server);
    await page.join();
    server.close(code, 'some_reason: do this');
    await until(() => page.provider.state === 'stopped', 'the page stopped');
    const attempts = server.attempts.length;
    page.network.dispatchEvent(new Event('online'));
    await settle();
    assert.equal(server.attempts.length, attempts);
    assert.deepEqual(page.closings.at(-1), {
      action: 'stop',
      code,
      reason: 'some_reason',
      message: 'do this',
      wasGreeted: true
    });
    await page.join();
  });
}

for (const code of [1007, 1009, 4403, 4413]) {
  test(`after close code ${code} a document with edits is to be taken anew`, async () => {
    const server = startServer();
    const page = new Page(server);
    await page.join();
    page.type('x');
    server.close(code, 'some_reason: do this');
    await until(() => page.provider.state === 'stopped', 'the page stopped');
    assert.equal(page.closings.at(-1)?.action, 'retake');
  });

  test(`after close code ${code} a document without edits is not taken anew, for ever and ever`, async () => {
    const server = startServer();
    const page = new Page(server);
    await page.join();
    server.close(code, 'some_reason: do this');
    await until(() => page.provider.state === 'stopped', 'the page stopped');
    assert.equal(page.closings.at(-1)?.action, 'stop');
  });
}

test('attempts become rarer, with jitter, and start anew after a success', async () => {
  const server = startServer();
  server.isUp = false;
  mock.method(Math, 'random', () => 0);
  mock.timers.enable({ apis: ['setTimeout'] });
  const page = new Page(server, { times: { retry: 100, maxRetry: 1000 } });
  page.provider.connect();
  for (const delay of [50, 100, 200, 400, 500, 500]) {
    await settle();
    const attempts = server.attempts.length;
    mock.timers.tick(delay - 1);
    assert.equal(server.attempts.length, attempts, `too early: ${delay}`);
    mock.timers.tick(1);
    assert.equal(server.attempts.length, attempts + 1, `too late: ${delay}`);
  }
  server.isUp = true;
  await settle();
  mock.timers.tick(500);
  await settle();
  assert.equal(page.provider.state, 'synced');
  server.close(1006);
  await settle();
  const attempts = server.attempts.length;
  mock.timers.tick(50);
  assert.equal(server.attempts.length, attempts + 1);
});

test('a page that was too fast waits longer', async () => {
  const server = startServer();
  mock.timers.enable({ apis: ['setTimeout'] });
  const page = new Page(server, { times: { slowDown: 1000 } });
  page.provider.connect();
  await settle();
  server.close(4529, 'too_many_updates: slow down');
  await settle();
  mock.timers.tick(999);
  assert.equal(server.attempts.length, 1);
  mock.timers.tick(1);
  assert.equal(server.attempts.length, 2);
});

test('the page knows at once when the network goes, and connects at once when it comes', async () => {
  const server = startServer();
  const page = new Page(server, { times: { retry: 100_000, maxRetry: 100_000 } });
  await page.join();
  page.network.dispatchEvent(new Event('offline'));
  assert.equal(page.provider.state, 'offline');
  page.network.dispatchEvent(new Event('online'));
  await until(() => page.provider.state === 'synced', 'the page is synced');
});

test('a silent server is asked, and given up if it does not answer', async () => {
  const server = startServer();
  mock.timers.enable({ apis: ['setTimeout'] });
  const page = new Page(server, { times: { silence: 1000, answer: 500 } });
  page.provider.connect();
  await settle();
  mock.timers.tick(1000);
  await settle();
  assert.equal(page.provider.state, 'synced');
  mock.timers.tick(500);
  assert.equal(page.provider.state, 'synced', 'it did answer');
  server.isDeaf = true;
  mock.timers.tick(500);
  await settle();
  assert.equal(page.provider.state, 'synced');
  mock.timers.tick(500);
  assert.equal(page.provider.state, 'offline');
});

test('a server whose store fails acknowledges nothing, and is not given up for it', async () => {
  const server = startServer();
  mock.timers.enable({ apis: ['setTimeout'] });
  const page = new Page(server, { times: { silence: 1000, answer: 500 } });
  page.provider.connect();
  await settle();
  server.tell({ type: 'not_saved', message: 'The disk is full.' });
  await settle();
  server.isDeaf = true;
  mock.timers.tick(1000);
  mock.timers.tick(1000);
  assert.equal(page.provider.state, 'synced');
  server.tell({ type: 'saved' });
  await settle();
  mock.timers.tick(1000);
  mock.timers.tick(500);
  assert.equal(page.provider.state, 'offline');
});

test('a paste that fits into no message goes in pieces, and is pending until the last of them is durable', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  const text = '𠮷é'.repeat(server.limits.message_bytes / 2);
  server.acknowledges = false;
  page.type(text);
  await until(() => server.text === text, 'the server has the text');
  assert.equal(page.provider.pending, 1);
  server.acknowledges = true;
  server.acknowledgeAll();
  await page.saved();
  assert.deepEqual(page.closings, []);
});

test('what was typed without a connection goes in pieces if it fits into no message', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  page.provider.disconnect();
  const part = 'x'.repeat(server.limits.message_bytes * 0.6);
  for (let count = 0; count < 4; count += 1) {
    page.type(part);
  }
  assert.equal(page.provider.pending, 4);
  await page.join();
  await page.saved();
  assert.equal(server.text.length, 4 * part.length);
  assert.deepEqual(page.closings, []);
});

for (const pieces of [true, false]) {
  test(`a server that ${pieces ? 'wants' : 'does not want'} to know of pieces is told how many come`, async () => {
    const server = startServer();
    server.pieces = pieces;
    const page = new Page(server);
    await page.join();
    page.type('x'.repeat(server.limits.message_bytes * 2));
    await page.saved();
    page.type('y');
    await page.saved();
    const sent = server.received.filter(({ type }) => type === 'update' || type === 'pieces');
    const updates = sent.filter(message => message.type === 'update').map(({ update }) => update.length);
    const bytes = updates.slice(0, -1).reduce((sum, length) => sum + length, 0);
    assert.ok(updates.length > 3, `${updates.length} messages`);
    const told = pieces ? [{ type: 'pieces', count: updates.length - 1, bytes }] : [];
    assert.deepEqual(sent.slice(0, pieces ? 1 : 0), told);
    assert.equal(sent.length, updates.length + told.length);
  });
}

test('an edit that is larger than a room may be is not sent, not even in part', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  page.type('x'.repeat(server.limits.room_bytes + 1));
  await until(() => page.provider.state === 'stopped', 'the page gave up');
  assert.deepEqual(
    page.closings.map(closing => [closing.action, closing.reason]),
    [['retake', 'room_too_large']]
  );
  assert.equal(server.text, '');
});

test('an edit that fits into no message and cannot be cut is not sent', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  page.doc.getMap('meta').set('picture', 'x'.repeat(server.limits.message_bytes));
  await until(() => page.provider.state === 'stopped', 'the page gave up');
  assert.deepEqual(
    page.closings.map(closing => [closing.action, closing.reason]),
    [['retake', 'message_too_large']]
  );
  assert.equal(server.text, '');
});

test('edits that only together are too large go one by one', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  const part = 'x'.repeat(server.limits.message_bytes / 2);
  for (let count = 0; count < 4; count += 1) {
    page.type(part);
  }
  await page.saved();
  assert.equal(server.text.length, 4 * part.length);
});

test('after a causal gap the page sends all that the server lacks', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  server.rejections.push({ reason: 'causal_gap', message: 'Sync again.' });
  page.type('gap');
  await until(() => server.text === 'gap', 'the server has the text');
  await page.saved();
  assert.equal(page.closings.length, 0);
});

test('an edit that left a gap is pending until what fills it is acknowledged', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  await page.saved();
  server.acknowledges = false;
  page.type('gap');
  await until(() => server.text === 'gap', 'the server has the edit');
  server.findGap();
  server.acknowledgeAll();
  await settle();
  assert.equal(page.provider.pending, 1);
  server.acknowledges = true;
  server.ask();
  await page.saved();
});

for (const reason of ['permission_denied', 'invalid_update', 'room_too_large', 'message_too_large']) {
  test(`an edit refused for ${reason} is not sent again`, async () => {
    const server = startServer();
    const page = new Page(server);
    await page.join();
    server.rejections.push({ reason, message: 'No.' });
    page.type('refused');
    await until(() => page.provider.state === 'stopped', 'the page gave up');
    assert.deepEqual(
      page.closings.map(closing => [closing.action, closing.reason, closing.message]),
      [['retake', reason, 'No.']]
    );
    assert.equal(page.provider.pending, 1);
    await until(() => server.connections === 0, 'the page has left');
  });
}

test('bytes that are no message end the connection, and the next one is good', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  server.sayBytes(Uint8Array.of(0x7f));
  await until(() => page.closings.length === 1, 'the connection ended');
  assert.equal(page.closings[0].reason, 'malformed');
  await until(() => page.provider.state === 'synced', 'the page is synced again');
});

test('the page knows that the store fails, and when it is back', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  server.tell({ type: 'not_saved', message: 'The disk is full.' });
  await until(() => page.provider.notSaved === 'The disk is full.', 'the page knows');
  server.tell({ type: 'saved' });
  await until(() => page.provider.notSaved === null, 'the page knows');
});

test('others are gone when the connection is, and see us again when it is back', async () => {
  const server = startServer();
  const [ada, bob] = [new Page(server), new Page(server, { times: { retry: 100_000, maxRetry: 100_000 } })];
  await ada.join();
  await bob.join();
  ada.awareness.setLocalStateField('cell', 'first');
  const cellOf = (page: Page): unknown => page.awareness.getStates().get(ada.awareness.clientID)?.cell;
  await until(() => cellOf(bob) === 'first', 'bob sees ada');
  await until(() => ada.awareness.getStates().has(bob.awareness.clientID), 'ada sees bob');
  bob.network.dispatchEvent(new Event('offline'));
  assert.deepEqual([...bob.awareness.getStates().keys()], [bob.awareness.clientID]);
  await until(() => !ada.awareness.getStates().has(bob.awareness.clientID), 'ada sees that bob is gone');
  bob.network.dispatchEvent(new Event('online'));
  await until(() => ada.awareness.getStates().has(bob.awareness.clientID), 'ada sees bob again');
  await until(() => cellOf(bob) === 'first', 'bob sees ada again');
});

test('a page passes over what it said itself, which comes back with what others said', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  page.awareness.setLocalStateField('cell', 'now');
  const { clientID, meta } = page.awareness;
  const said = new Awareness(new Y.Doc());
  const clock = (meta.get(clientID)?.clock ?? 0) + 5;
  for (const [client, cell] of [
    [clientID, 'before'],
    [77, 'theirs']
  ] as const) {
    said.states.set(client, { cell });
    said.meta.set(client, { clock, lastUpdated: 0 });
  }
  server.sayBytes(build({ type: 'awareness', payload: encodeAwarenessUpdate(said, [clientID, 77]) }));
  said.destroy();
  await until(() => page.awareness.getStates().get(77)?.cell === 'theirs', 'the page sees the other');
  assert.equal(page.awareness.getLocalState()?.cell, 'now');
});

test('a page that is said to be gone says that it is here', async () => {
  const server = startServer();
  const page = new Page(server);
  await page.join();
  await settle();
  const { clientID, meta } = page.awareness;
  const clock = (meta.get(clientID)?.clock ?? 0) + 5;
  server.received.length = 0;
  const gone = new Awareness(new Y.Doc());
  gone.meta.set(clientID, { clock, lastUpdated: 0 });
  server.sayBytes(build({ type: 'awareness', payload: encodeAwarenessUpdate(gone, [clientID]) }));
  gone.destroy();
  await until(() => server.received.some(message => message.type === 'awareness'), 'the page answers');
});

test('disposing twice is disposing once, and leaves no timer and no socket', async () => {
  const countTimers = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length;
  const server = startServer();
  const before = countTimers();
  const page = new Page(server, { times: { edits: 10_000, presence: 10_000, retry: 10_000, maxRetry: 10_000 } });
  await page.join();
  page.type('a');
  page.type('b');
  assert.ok(countTimers() > before);
  page.provider.dispose();
  const { pending } = page.provider;
  page.type('c');
  assert.equal(page.provider.pending, pending);
  page.dispose();
  await settle();
  assert.equal(server.connections, 0);
  assert.equal(countTimers(), before);
  page.provider.connect();
  assert.equal(server.attempts.length, 1);
});

test('disposing while a new attempt is due makes none', async () => {
  const server = startServer();
  const page = new Page(server, { times: { retry: 5, maxRetry: 5 } });
  await page.join();
  server.isUp = false;
  server.close(1006);
  await until(() => page.provider.state === 'offline', 'the page is offline');
  page.dispose();
  const attempts = server.attempts.length;
  await new Promise(resolve => setTimeout(resolve, 20));
  assert.equal(server.attempts.length, attempts);
});

/** An edit by client 5 that marks the place before a unit twice as bold. */
function twiceBold(client: number, clock: number): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeUint8Array(encoder, Uint8Array.of(1, 2, 5, 0));
  for (const left of [[], [5, 0]]) {
    encoding.writeUint8(encoder, left.length > 0 ? 0xc6 : 0x46); // a format, before what follows
    [...left, client, clock].forEach(number => encoding.writeVarUint(encoder, number));
    encoding.writeVarString(encoder, 'b');
    encoding.writeVarString(encoder, 'true');
  }
  encoding.writeUint8(encoder, 0);
  return encoding.toUint8Array(encoder);
}

test('what Yjs takes out of the formats of others is no edit of who only reads', async () => {
  const server = startServer();
  server.startEpoch('e', 'print(1)');
  const [eve, bea] = [new Page(server), new Page(server, { role: 'viewer' })];
  await eve.join();
  await bea.join();
  const source = eve.doc.getArray<Y.Map<unknown>>('cells').get(0).get('source') as Y.Text;
  assert.ok(source._start);
  const { client, clock } = source._start.id;
  const heard = new Promise(resolve => bea.doc.once('afterAllTransactions', resolve));
  Y.applyUpdate(eve.doc, twiceBold(client, clock));
  await heard;
  await settle();
  assert.equal(bea.text, 'print(1)');
  assert.deepEqual(bea.closings, []);
});
