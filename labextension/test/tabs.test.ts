/** What the tabs of one browser keep, whatever happens to them: each text is found again, once, by one page. */
import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';

import * as Y from 'yjs';

import type { BrowserPersistence } from '../lib/keep/indexeddb.js';
import type { IKeeper, IKeptDocument, IKeptRoom, IPersistence } from '../lib/keep/persistence.js';
import type { IUnsentText } from '../lib/keep/unsent.js';
import { Browser, dieAtWrite } from './browser.js';
import { settle } from './wait.js';

const MONTH_MS = 31 * 24 * 3600 * 1000;

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** A room's document with one empty cell, as a server has it. */
function roomDocument(): Y.Doc {
  const doc = new Y.Doc();
  const cell = new Y.Map<unknown>(Object.entries({ id: 'first', cell_type: 'code', source: new Y.Text() }));
  doc.getArray('cells').push([cell]);
  return doc;
}

const sourceOf = (doc: Y.Doc): Y.Text => doc.getArray<Y.Map<unknown>>('cells').get(0).get('source') as Y.Text;

/** The document that a server has of each epoch. */
const ROOMS: Record<string, Y.Doc> = { e: roomDocument(), e2: roomDocument() };

/** A tab: a page that shows a document of the room, edits it, and keeps what it edits. */
class Tab {
  static async open(browser: BrowserPersistence, keeper?: IKeeper): Promise<Tab> {
    const store = browser.open('room', keeper);
    return new Tab(store, await store.load());
  }

  private constructor(
    readonly store: IPersistence,
    readonly found: IKeptRoom
  ) {
    this.doc = new Y.Doc();
    this._follow();
    if (found.document) {
      const { epoch, updates, clients, edits } = found.document;
      this.epoch = epoch;
      this._edits = edits;
      this._clients = clients;
      updates.forEach(update => Y.applyUpdate(this.doc, update, 'store'));
    }
  }

  doc: Y.Doc;
  epoch = 'e';

  get text(): string {
    return String(sourceOf(this.doc));
  }

  /** Get the document from the server. */
  sync(): this {
    Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(ROOMS[this.epoch]), 'server');
    return this;
  }

  type(text: string): void {
    sourceOf(this.doc).insert(sourceOf(this.doc).length, text);
  }

  /** The server has all. */
  settle(): void {
    this._edits = 0;
    this.store.settle();
  }

  /** Take the document anew. */
  async retake(epoch: string, reason = 'epoch_mismatch'): Promise<void> {
    const cells = [{ id: 'first', cell_type: 'code', source: this.text }];
    const unsent: IUnsentText | null = this._edits > 0 ? { epoch: this.epoch, reason, cells } : null;
    [this.doc, this.epoch, this._edits] = [new Y.Doc(), epoch, 0];
    Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(ROOMS[epoch]));
    this._follow();
    await this.store.replace(epoch, Y.encodeStateAsUpdate(this.doc), unsent);
  }

  /** Put back what was set aside. */
  async restore(): Promise<void> {
    for (const text of this.found.unsent) {
      await this.store.takeText(text, () => {
        text.cells.forEach(cell => this.type(cell.source));
        return true;
      });
    }
  }

  close(): Promise<void> {
    return this.store.close();
  }

  private _follow(): void {
    const { doc } = this;
    this.store.follow(() => Y.encodeStateAsUpdate(doc));
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'store') {
        this._edits += origin === 'server' ? 0 : 1;
        const kept = { edits: this._edits, cells: ['first'], clients: [...this._clients, doc.clientID] };
        this.store.save(this.epoch, update, origin === 'server' ? null : kept);
      }
    });
  }

  private _edits = 0;
  private _clients: readonly number[] = [];
}

function textOf(document: IKeptDocument | null): string {
  const doc = new Y.Doc();
  document?.updates.forEach(update => Y.applyUpdate(doc, update));
  return document ? String(sourceOf(doc)) : '';
}

/** All that a page found, the document's text first. */
const textsOf = ({ document, unsent }: IKeptRoom): string[] => [
  ...(document !== null && document.edits > 0 ? [textOf(document)] : []),
  ...unsent.flatMap(({ cells }) => cells.map(cell => cell.source))
];

const countOf = (texts: readonly string[], token: string): number => texts.join('|').split(token).length - 1;

// -- one tab ---------------------------------------------------------------------------------------------------------

test('a document, and how much of it is not saved, is read as it was written', async () => {
  const browser = new Browser();
  const tab = (await Tab.open(browser)).sync();
  tab.type('hello ');
  tab.type('world');
  await tab.close();
  const { document } = await browser.open('room').load();
  assert.equal(textOf(document), 'hello world');
  const clients = [tab.doc.clientID];
  assert.deepEqual({ ...document, updates: [] }, { epoch: 'e', updates: [], edits: 2, cells: ['first'], clients });
  assert.deepEqual(await browser.open('other').load(), { document: null, unsent: [] });
});

test('what the server acknowledged is not counted any more, and is still what the page typed', async () => {
  const browser = new Browser();
  const tab = (await Tab.open(browser)).sync();
  tab.type('saved');
  tab.settle();
  await tab.close();
  const { document } = await browser.open('room').load();
  assert.deepEqual([document?.edits, document?.cells, document?.clients], [0, [], [tab.doc.clientID]]);
  assert.equal(textOf(document), 'saved');
});

test('what a page typed is still what it typed when it has taken the document anew', async () => {
  const browser = new Browser();
  const tab = (await Tab.open(browser)).sync();
  const client = tab.doc.clientID;
  tab.type('saved');
  tab.settle();
  await tab.retake('e', 'room_too_large');
  await tab.close();
  assert.deepEqual((await browser.open('room').load()).document?.clients, [client]);
});

test('of very many pages that were opened one after the other, the last ones are known', async () => {
  const browser = new Browser();
  let last = -1;
  for (let count = 0; count < 105; count += 1) {
    const tab = (await Tab.open(browser)).sync();
    tab.type('x');
    tab.settle();
    last = tab.doc.clientID;
    await tab.close();
  }
  const clients = (await browser.open('room').load()).document?.clients;
  assert.deepEqual([clients?.length, clients?.[99]], [100, last]);
});

test('an edit is handed to the browser at once, as the page may be closed in the next turn', async () => {
  const tab = (await Tab.open(new Browser())).sync();
  const commit = mock.method(IDBTransaction.prototype, 'commit');
  tab.type('first');
  tab.type('second');
  for (let count = 0; count < 10; count += 1) {
    await Promise.resolve(); // what is due before the next turn of the event loop
  }
  assert.equal(commit.mock.callCount(), 2);
});

test('the edits of others are written in a while, without a local edit', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const browser = new Browser();
  (await Tab.open(browser)).sync();
  mock.timers.tick(499);
  await settle();
  assert.equal(await browser.countUpdates(), 0);
  mock.timers.tick(1);
  await settle();
  assert.equal(await browser.countUpdates(), 1);
});

test('many small updates become one', async () => {
  const browser = new Browser();
  const tab = (await Tab.open(browser)).sync();
  for (let count = 0; count < 520; count += 1) {
    tab.type('x');
    await tab.store.flush();
  }
  assert.ok((await browser.countUpdates()) < 30);
  await tab.close();
  assert.equal(textOf((await browser.open('room').load()).document), 'x'.repeat(520));
});

test('what was replaced again and again takes room once', async () => {
  const browser = new Browser();
  const tab = (await Tab.open(browser)).sync();
  for (let count = 0; count < 30; count += 1) {
    tab.doc.getMap('map').set('output', String(count).repeat(500_000));
    await tab.store.flush();
  }
  await tab.close();
  const { document } = await browser.open('room').load();
  const bytes = (document?.updates ?? []).reduce((sum, update) => sum + update.length, 0);
  assert.ok(bytes < 8_000_000, `${bytes} bytes`);
});

test('a room that nobody opened for a month is forgotten, unless edits in it wait', async () => {
  const browser = new Browser();
  const [saved, waiting] = [browser.open('saved'), browser.open('waiting')];
  saved.save('e', Uint8Array.of(0, 0), null);
  waiting.save('e', Uint8Array.of(0, 0), { edits: 1, cells: [], clients: [] });
  await Promise.all([saved.close(), waiting.close()]);
  mock.timers.enable({ apis: ['Date'], now: Date.now() + MONTH_MS });
  await browser.open('another').load();
  assert.equal(await browser.countUpdates(), 1);
  assert.equal((await browser.open('waiting').load()).document?.edits, 1);
});

test('a page goes on to keep all when the user clears what the browser keeps', async () => {
  const browser = new Browser();
  const tab = (await Tab.open(browser)).sync();
  tab.type('before ');
  await tab.store.flush();
  await browser.read(async ({ records, updates, rooms }) => {
    for (const { page, document } of await records.all()) {
      records.delete(page);
      await updates.deleteWhere('document', document);
    }
    rooms.delete('room');
  });
  tab.type('after ');
  await settle();
  tab.type('last');
  await tab.close();
  const { document } = await browser.open('room').load();
  assert.deepEqual([textOf(document), document?.edits], ['before after last', 3]);
});

// -- several tabs ----------------------------------------------------------------------------------------------------

test('edits of a tab that lives are not those of another, and come back when it is gone', async () => {
  const browser = new Browser();
  const [one, two] = [(await Tab.open(browser)).sync(), (await Tab.open(browser)).sync()];
  one.type('one');
  await one.store.flush();
  assert.deepEqual(textsOf((await Tab.open(browser)).found), []);
  two.type('two');
  await one.close();
  await two.close();
  const { document } = (await Tab.open(browser)).found;
  assert.equal(document?.edits, 2);
  assert.deepEqual([...(document?.clients ?? [])].sort(), [one.doc.clientID, two.doc.clientID].sort());
  assert.ok(['onetwo', 'twoone'].includes(textOf(document)));
});

test('of pages that start at once, just one takes over', async () => {
  const browser = new Browser();
  const tab = (await Tab.open(browser)).sync();
  tab.type('mine');
  const after = browser.kill();
  await settle();
  const tabs = await Promise.all([1, 2, 3].map(() => Tab.open(after)));
  assert.deepEqual(
    tabs.flatMap(({ found }) => textsOf(found)),
    ['mine']
  );
  assert.equal(tabs.flatMap(({ found }) => found.document?.clients ?? []).length, 1);
});

for (const reason of ['message_too_large', 'room_too_large', 'permission_denied']) {
  test(`what a tab typed without a server stays when another one retakes the document for ${reason}`, async () => {
    const browser = new Browser();
    const [one, two] = [(await Tab.open(browser)).sync(), (await Tab.open(browser)).sync()];
    one.type('refused');
    await one.retake('e', reason);
    two.type('of two');
    await two.close();
    const after = await Tab.open(browser);
    assert.equal(textOf(after.found.document), 'of two');
    assert.deepEqual(
      after.found.unsent.map(text => [text.reason, text.cells[0].source]),
      [[reason, 'refused']]
    );
  });
}

test('what a tab typed in the present epoch stays when another tab of it was opened again', async () => {
  const browser = new Browser();
  const [one, two] = [(await Tab.open(browser)).sync(), (await Tab.open(browser)).sync()];
  await one.retake('e2');
  await two.retake('e2');
  await two.close();
  const again = await Tab.open(browser);
  one.type('of one');
  await one.close();
  await again.close();
  const { found } = await Tab.open(browser);
  assert.deepEqual([found.document?.epoch, textOf(found.document), found.unsent], ['e2', 'of one', []]);
});

test('what two tabs typed in the present epoch is merged, and what is of a former one is set aside', async () => {
  const browser = new Browser();
  const tabs = [];
  for (const text of ['former', 'one', 'two']) {
    const tab = (await Tab.open(browser)).sync();
    if (text !== 'former') {
      await tab.retake('e2');
    }
    tab.type(text);
    tabs.push(tab);
  }
  await Promise.all(tabs.map(tab => tab.close()));
  const { document, unsent } = (await Tab.open(browser)).found;
  assert.equal(document?.edits, 2);
  assert.ok(['onetwo', 'twoone'].includes(textOf(document)));
  assert.deepEqual(
    unsent.map(text => [text.epoch, text.reason, text.cells[0].source]),
    [['e', 'epoch_mismatch', 'former']]
  );
  assert.equal(await browser.read(async ({ records }) => (await records.all()).length), 1);
});

test('edits of a former epoch are set aside while the tab with the present one lives', async () => {
  const browser = new Browser();
  const [one, two] = [(await Tab.open(browser)).sync(), (await Tab.open(browser)).sync()];
  two.type('former');
  await two.store.flush();
  await one.retake('e2');
  one.type('present');
  await two.close();
  const three = await Tab.open(browser);
  assert.deepEqual(textsOf(three.found), ['former']);
  await three.close();
  await one.close();
  assert.deepEqual(textsOf((await Tab.open(browser)).found), ['present', 'former']);
});

test('a text is taken by one page only', async () => {
  const browser = new Browser();
  const one = (await Tab.open(browser)).sync();
  one.type('mine');
  await one.retake('e2');
  const [two, three] = [await Tab.open(browser), await Tab.open(browser)];
  const [text] = two.found.unsent;
  const use = mock.fn(() => true);
  assert.deepEqual(await Promise.all([two, three].map(tab => tab.store.takeText(text, use))), [true, false]);
  assert.equal(use.mock.callCount(), 1);
});

test('a page that was taken for gone writes all of it again when it comes back', async () => {
  const browser = new Browser();
  const frozen = (await Tab.open(browser)).sync();
  frozen.type('before ');
  await frozen.store.flush();
  browser.pages.living.clear();
  const heir = await Tab.open(browser);
  assert.equal(heir.text, 'before ');
  await heir.retake('e2');
  frozen.type('after ');
  await settle();
  frozen.type('last');
  await frozen.store.flush();
  await heir.close();
  const { found } = await Tab.open(browser);
  assert.deepEqual(textsOf(found).sort(), ['before ', 'before after last']);
});

// -- crashes ---------------------------------------------------------------------------------------------------------

/** What a tab does, step by step; it may die at each write. `A` to `C` were typed before, `D` is typed by it. */
const SCENARIOS: Record<string, (browser: Browser) => Promise<void>> = {
  'types in what it took over': async browser => {
    const tab = (await Tab.open(browser)).sync();
    tab.type('D');
    await tab.close();
  },
  'retakes what it took over': async browser => {
    const tab = (await Tab.open(browser)).sync();
    tab.type('D');
    await tab.retake('e2');
    await tab.close();
  },
  'retakes it twice': async browser => {
    const tab = (await Tab.open(browser)).sync();
    await tab.retake('e2');
    tab.type('D');
    await tab.retake('e');
    await tab.close();
  },
  'puts back what was set aside': async browser => {
    const tab = (await Tab.open(browser)).sync();
    await tab.restore();
    tab.type('D');
    await tab.close();
  },
  'puts it back, and retakes the document': async browser => {
    const tab = (await Tab.open(browser)).sync();
    tab.type('D');
    await tab.restore();
    await tab.retake('e');
    await tab.close();
  }
};

for (const [name, act] of Object.entries(SCENARIOS)) {
  test(`a page that ${name} may die at each of its writes`, async () => {
    let count = 0;
    for (let isDead = true; isDead;) {
      count += 1;
      const browser = new Browser();
      for (const token of ['A', 'B']) {
        const tab = (await Tab.open(browser)).sync();
        tab.type(token);
        await tab.store.flush();
      }
      const former = (await Tab.open(browser)).sync();
      await former.retake('e2');
      former.type('C');
      await former.store.flush();
      const before = browser.kill();
      const death = dieAtWrite(count);
      await act(before);
      ({ isDead } = death);
      mock.restoreAll();
      const texts = textsOf((await Tab.open(before.kill())).found);
      const counts = [...'ABC'].map(token => countOf(texts, token));
      assert.deepEqual(counts, [1, 1, 1], `dead at write ${count}: ${JSON.stringify(texts)}`);
      assert.ok(countOf(texts, 'D') === 1 || isDead, `dead at write ${count}: ${JSON.stringify(texts)}`);
    }
    assert.ok(count > 5, `${count} writes`);
  });
}

// -- people ----------------------------------------------------------------------------------------------------------

test('what a person typed is shown to nobody else at this browser', async () => {
  const browser = new Browser();
  const [ada, bob] = ['guest:ada', 'guest:bob'].map(person => ({ person, alias: `guest ${person}` }));
  const tab = (await Tab.open(browser, ada)).sync();
  tab.type('of Ada');
  await tab.close();
  for (const other of [bob, { person: 'server:ada', alias: null }, undefined]) {
    const { found, store } = await Tab.open(browser, other);
    assert.deepEqual(found, { document: null, unsent: [] });
    await store.close();
  }
  const again = await Tab.open(browser, ada);
  await again.retake('e2');
  await again.close();
  assert.deepEqual(textsOf((await Tab.open(browser, bob)).found), []);
  assert.deepEqual(textsOf((await Tab.open(browser, ada)).found), ['of Ada']);
});

test('who is given a new name by the server finds what was typed under the former one', async () => {
  const browser = new Browser();
  const alias = 'anonymous';
  const tab = (await Tab.open(browser, { person: 'first', alias })).sync();
  tab.type('mine');
  await tab.store.flush();
  assert.deepEqual(textsOf((await Tab.open(browser, { person: 'second', alias })).found), []);
  const after = await Tab.open(browser.kill(), { person: 'third', alias });
  assert.deepEqual(textsOf(after.found), ['mine']);
});

// -- the former layout -----------------------------------------------------------------------------------------------

const BASE = 'http://server/\ndemo\n';

/** Make a database as version 1 did, and put rows into it. */
async function makeFormer(name: string, rows: Record<string, readonly object[]>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      const database = request.result;
      database.createObjectStore('rooms', { keyPath: 'room' });
      database.createObjectStore('updates', { autoIncrement: true }).createIndex('document', 'document');
      database.createObjectStore('kept', { keyPath: ['document', 'writer'] }).createIndex('room', 'room');
      database.createObjectStore('texts', { keyPath: 'key', autoIncrement: true }).createIndex('room', 'room');
      for (const [store, added] of Object.entries(rows)) {
        added.forEach(row => request.transaction?.objectStore(store).put(row));
      }
    };
    request.onsuccess = () => {
      request.result.close();
      resolve();
    };
    request.onerror = () => reject(new Error('The database cannot be made.'));
  });
}

function typed(text: string, epoch = 'e'): Uint8Array {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(ROOMS[epoch]));
  sourceOf(doc).insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

test('what was kept in the layout of version 1 is found', async () => {
  const name = 'former';
  const kept = { room: BASE, epoch: 'e2', edits: 1, cells: ['first'] };
  await makeFormer(name, {
    rooms: [
      { room: BASE, document: 'present', epoch: 'e2', usedAt: 2 },
      { room: `${BASE}\nguest:ada`, document: 'of ada', epoch: 'e', usedAt: 1 },
      { room: 'http://server/\nother\n', document: 'settled', epoch: 'e', usedAt: Date.now() }
    ],
    updates: [
      { document: 'present', update: typed('one', 'e2') },
      { document: 'present', update: typed('two', 'e2') },
      { document: 'former', update: typed('former') },
      { document: 'of ada', update: typed('ada', 'e2') },
      { document: 'settled', update: typed('settled') }
    ],
    kept: [
      { ...kept, document: 'present', writer: 'a' },
      { ...kept, document: 'present', writer: 'b' },
      { ...kept, document: 'former', writer: 'a', epoch: 'e' },
      { ...kept, document: 'of ada', writer: 'c', room: `${BASE}\nguest:ada` }
    ],
    texts: [{ room: BASE, epoch: 'e', reason: 'invalid_update', cells: [{ id: 'x', cell_type: 'code', source: 'y' }] }]
  });
  const browser = new Browser(name);
  const { document, unsent } = await browser.open(BASE).load();
  assert.equal(document?.edits, 2);
  assert.ok(['onetwo', 'twoone'].includes(textOf(document)));
  assert.deepEqual(
    unsent.map(({ reason, cells }) => [reason, cells[0].source]),
    [
      ['invalid_update', 'y'],
      ['epoch_mismatch', 'former']
    ]
  );
  const ada = await browser.open(BASE, { person: 'guest:ada', alias: null }).load();
  assert.deepEqual(textsOf(ada), ['ada']);
  const other = await browser.open('http://server/\nother\n').load();
  assert.deepEqual([textOf(other.document), other.document?.edits], ['settled', 0]);
});
