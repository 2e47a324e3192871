/** What a page keeps in the browser. */
import 'fake-indexeddb/auto';

import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';

import * as Y from 'yjs';

import { Database } from '../lib/database.js';
import { BrowserPersistence } from '../lib/indexeddb.js';
import type { IPersistence } from '../lib/persistence.js';
import { settle } from './wait.js';

const MONTH_MS = 31 * 24 * 3600 * 1000;

let names = 0;
const newName = (): string => `store-${(names += 1)}`;

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** A document that one page edits and keeps. */
class Author {
  constructor(private readonly _store: IPersistence) {
    this.doc.on('update', (update: Uint8Array, _origin: unknown, _doc: Y.Doc, change: Y.Transaction) => {
      this._edits += 1;
      this._store.save('e', update, change.local ? { edits: this._edits, cells: ['first'] } : null);
    });
  }

  readonly doc = new Y.Doc();

  type(text: string): void {
    this.doc.getText('text').insert(this.doc.getText('text').length, text);
  }

  private _edits = 0;
}

function read(updates: readonly Uint8Array[]): string {
  const doc = new Y.Doc();
  updates.forEach(update => Y.applyUpdate(doc, update));
  return doc.getText('text').toString();
}

async function countUpdates(name: string): Promise<number> {
  const database = new Database(name, indexedDB);
  return database.transact(async ({ updates }) => (await updates.all()).length);
}

/** What makes the next writes fail, as when the disk is full. */
function refuseWrites(): void {
  mock.method(IDBObjectStore.prototype, 'put', () => {
    throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
  });
}

test('a document, and how much of it is not saved, is read as it was written', async () => {
  const browser = new BrowserPersistence(newName());
  const store = browser.open('room');
  assert.deepEqual(await store.load(), { document: null, unsent: [] });
  const author = new Author(store);
  author.type('hello ');
  author.type('world');
  await store.flush();
  const { document } = await browser.open('room').load();
  assert.ok(document);
  assert.equal(read(document.updates), 'hello world');
  assert.deepEqual([document.epoch, document.edits, document.cells], ['e', 2, ['first']]);
  assert.deepEqual(await browser.open('other').load(), { document: null, unsent: [] });
});

test('what the server acknowledged is not counted any more', async () => {
  const browser = new BrowserPersistence(newName());
  const store = browser.open('room');
  const author = new Author(store);
  author.type('saved');
  store.settle();
  await store.flush();
  const { document } = await browser.open('room').load();
  assert.deepEqual([document?.edits, document?.cells], [0, []]);
  assert.equal(read(document?.updates ?? []), 'saved');
});

test('a local edit is not kept without those of others that it builds on', async () => {
  const browser = new BrowserPersistence(newName());
  const store = browser.open('room');
  const theirs = new Y.Doc();
  theirs.getText('text').insert(0, 'theirs');
  const author = new Author(store);
  Y.applyUpdate(author.doc, Y.encodeStateAsUpdate(theirs));
  author.type(' mine');
  await store.flush();
  const { document } = await browser.open('room').load();
  assert.equal(read(document?.updates ?? []), 'theirs mine');
});

test('an edit is handed to the browser at once, as the page may be closed in the next turn', async () => {
  const store = new BrowserPersistence(newName()).open('room');
  await store.load();
  const commit = mock.method(IDBTransaction.prototype, 'commit');
  const author = new Author(store);
  author.type('first');
  author.type('second');
  for (let count = 0; count < 10; count += 1) {
    await Promise.resolve(); // what is due before the next turn of the event loop
  }
  assert.equal(commit.mock.callCount(), 2);
});

test('the edits of others are written in a while, without a local edit', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const name = newName();
  const store = new BrowserPersistence(name).open('room');
  await store.load();
  store.save('e', Uint8Array.of(0, 0), null);
  mock.timers.tick(499);
  await settle();
  assert.equal(await countUpdates(name), 0);
  mock.timers.tick(1);
  await settle();
  assert.equal(await countUpdates(name), 1);
});

test('many small updates become one', async () => {
  const name = newName();
  const store = new BrowserPersistence(name).open('room');
  const author = new Author(store);
  for (let count = 0; count < 520; count += 1) {
    author.type('x');
    await store.flush();
  }
  assert.ok((await countUpdates(name)) < 30);
  const { document } = await new BrowserPersistence(name).open('room').load();
  assert.equal(read(document?.updates ?? []), 'x'.repeat(520));
});

test('what was replaced again and again takes room once', async () => {
  const name = newName();
  const store = new BrowserPersistence(name).open('room');
  const doc = new Y.Doc();
  doc.on('update', (update: Uint8Array) => store.save('e', update, null));
  for (let count = 0; count < 30; count += 1) {
    doc.getMap('map').set('output', String(count).repeat(500_000));
    await store.flush();
  }
  const { document } = await new BrowserPersistence(name).open('room').load();
  const bytes = (document?.updates ?? []).reduce((sum, update) => sum + update.length, 0);
  assert.ok(bytes < 8_000_000, `${bytes} bytes`);
});

test('a document that is replaced leaves nothing but the text', async () => {
  const name = newName();
  const store = new BrowserPersistence(name).open('room');
  new Author(store).type('old');
  const text = { epoch: 'e', reason: 'epoch_mismatch', cells: [{ id: 'first', cell_type: 'code', source: 'old' }] };
  const kept = await store.replace('e2', Uint8Array.of(0, 0), text);
  assert.ok(kept);
  const after = await new BrowserPersistence(name).open('room').load();
  assert.deepEqual(after.document, { epoch: 'e2', updates: [Uint8Array.of(0, 0)], edits: 0, cells: [] });
  assert.deepEqual(after.unsent, [kept]);
  assert.equal(await countUpdates(name), 1);
});

test('a former document goes when no page has edits in it any more', async () => {
  const name = newName();
  const browser = new BrowserPersistence(name);
  await browser.open('room').load();
  const [one, two] = [browser.open('room'), browser.open('room')];
  new Author(one).type('one');
  await one.flush();
  new Author(two).type('two');
  await two.flush();
  await one.replace('e2', Uint8Array.of(0, 0), null);
  assert.equal(await countUpdates(name), 3);
  two.settle();
  await two.flush();
  const after = await browser.open('room').load();
  assert.deepEqual(after.unsent, []);
  assert.equal(await countUpdates(name), 1);
});

test('a text is taken by one page only', async () => {
  const browser = new BrowserPersistence(newName());
  const [one, two] = [browser.open('room'), browser.open('room')];
  const text = { epoch: 'e', reason: 'epoch_mismatch', cells: [{ id: 'first', cell_type: 'code', source: 'old' }] };
  const kept = await one.replace('e2', Uint8Array.of(0, 0), text);
  assert.ok(kept);
  assert.deepEqual(await Promise.all([one.takeText(kept), two.takeText(kept)]), [true, false]);
});

test('a room that nobody opened for a month is forgotten, unless edits in it wait', async () => {
  const name = newName();
  const browser = new BrowserPersistence(name);
  const [saved, waiting] = [browser.open('saved'), browser.open('waiting')];
  new Author(saved).type('a');
  saved.settle();
  new Author(waiting).type('b');
  await Promise.all([saved.flush(), waiting.flush()]);
  mock.timers.enable({ apis: ['Date'], now: Date.now() + MONTH_MS });
  await browser.open('another').load();
  assert.equal(await countUpdates(name), 1);
  assert.equal((await browser.open('waiting').load()).document?.edits, 1);
});

test('a browser that refuses to write is said to, once, and nothing throws', async () => {
  const store = new BrowserPersistence(newName()).open('room');
  await store.load();
  const failures: string[] = [];
  store.failed.connect((_, error) => failures.push(error.name));
  refuseWrites();
  const author = new Author(store);
  author.type('a');
  await store.flush();
  author.type('b');
  await store.flush();
  assert.equal(store.isKept, false);
  assert.deepEqual(failures, ['QuotaExceededError']);
});
