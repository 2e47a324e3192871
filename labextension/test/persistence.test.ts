/** What every place keeps in which a page may keep rooms: in the browser, and nowhere. */
import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';

import { BrowserPersistence } from '../lib/keep/indexeddb.js';
import { type IPersistence, NoPersistence } from '../lib/keep/persistence.js';
import { Browser, KnownPages, refuseWrites } from './browser.js';
import { settle } from './wait.js';

const PATIENCE_MS = 5000;

const NO_EDITS = { edits: 0, cells: [], clients: [] };
const TEXT = { epoch: 'e', reason: 'epoch_mismatch', cells: [{ id: 'first', cell_type: 'code', source: 'old' }] };

/** A database that never calls back. */
const MUTE = { open: () => new EventTarget() } as unknown as IDBFactory;

/** A database that throws. */
const THROWING = {
  open: () => {
    throw new DOMException('Not here.', 'SecurityError');
  }
} as unknown as IDBFactory;

const openWith = (factory: IDBFactory | null): IPersistence =>
  new BrowserPersistence('nowhere', factory, new KnownPages()).open('room');

/** Where a page may keep rooms; `keeps` tells whether it finds them again. */
const PLACES: Record<string, { open: () => IPersistence; keeps: boolean }> = {
  'a browser': { open: () => new Browser().open('room'), keeps: true },
  nowhere: { open: () => new NoPersistence(), keeps: false },
  'a browser without a database': { open: () => openWith(null), keeps: false },
  'a browser whose database throws': { open: () => openWith(THROWING), keeps: false },
  'a browser whose database never calls back': { open: () => openWith(MUTE), keeps: false }
};

/** Whether the test that keeps a browser's database busy is still at it. */
let isBusy = false;

afterEach(() => {
  isBusy = false;
  mock.timers.reset();
  mock.restoreAll();
});

/** What a promise comes to, however long it waits for a browser. */
async function patiently<T>(promise: Promise<T>): Promise<T> {
  await settle();
  mock.timers.tick(PATIENCE_MS);
  return promise;
}

for (const [place, { open, keeps }] of Object.entries(PLACES)) {
  test(`${place}: a page starts with nothing, works on, and is told whether it is kept`, async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const store = open();
    const failures: Error[] = [];
    store.failed.connect((_, error) => failures.push(error));
    assert.deepEqual(await patiently(store.load()), { document: null, unsent: [] });
    store.follow(() => Uint8Array.of(0, 0));
    store.save('e', Uint8Array.of(0, 0), { ...NO_EDITS, edits: 1 });
    store.save('e', Uint8Array.of(0, 0), null);
    store.settle();
    await patiently(store.flush());
    assert.equal(store.isKept, keeps);
    await patiently(store.close());
    assert.ok(failures.length <= 1);
  });

  test(`${place}: a text that the room did not take is given back, and taken once`, async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const store = open();
    await patiently(store.load());
    assert.equal(await patiently(store.replace('e2', Uint8Array.of(0, 0), null)), null);
    const kept = await patiently(store.replace('e3', Uint8Array.of(0, 0), TEXT));
    assert.deepEqual(kept, { ...TEXT, key: keeps ? kept?.key : null });
    assert.ok(kept);
    assert.equal(await patiently(store.takeText(kept, () => false)), false);
    assert.equal(await patiently(store.takeText(kept, () => true)), true);
    assert.equal(await patiently(store.takeText(kept, () => true)), !keeps);
  });
}

test('a browser in which a page may not even ask for the database keeps nothing', async () => {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB');
  Object.defineProperty(globalThis, 'indexedDB', {
    configurable: true,
    get: () => {
      throw new DOMException('Not here.', 'SecurityError');
    }
  });
  try {
    const store = new BrowserPersistence().open('room');
    assert.deepEqual(await store.load(), { document: null, unsent: [] });
    assert.equal(store.isKept, false);
  } finally {
    Object.defineProperty(globalThis, 'indexedDB', descriptor ?? {});
  }
});

test('a database that calls back too late changes nothing', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const browser = new Browser();
  const writer = await browser.start();
  writer.save('e', Uint8Array.of(0, 0), { ...NO_EDITS, edits: 1 });
  await writer.close();
  let answer: () => void = () => undefined;
  const asked = new Promise<void>(resolve => (answer = resolve));
  const late = new KnownPages();
  mock.method(late, 'find', async () => {
    await asked;
    return new Set();
  });
  const store = new BrowserPersistence(browser.name, indexedDB, late).open('room');
  assert.deepEqual(await patiently(store.load()), { document: null, unsent: [] });
  assert.equal(store.isKept, false);
  answer();
  await settle();
  assert.equal((await browser.open('room').load()).document?.edits, 1);
});

/** Keep the database busy while `isBusy` says so. */
function occupy(browser: Browser): Promise<void> {
  isBusy = true;
  return new Promise(resolve => {
    void browser.read(async ({ rooms }) => {
      resolve();
      while (isBusy) {
        await rooms.all();
      }
    });
  });
}

const LATE_WORK: Record<string, (store: IPersistence) => Promise<unknown>> = {
  'keeps a text': store => store.keepText(TEXT),
  'replaces the document': store => store.replace('e2', Uint8Array.of(0, 0), TEXT)
};

for (const [name, work] of Object.entries(LATE_WORK)) {
  test(`what the browser did not do in time, it does not do later: a page that ${name}`, async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const browser = new Browser();
    const store = await browser.start();
    await occupy(browser);
    assert.deepEqual(await patiently(work(store)), { ...TEXT, key: null });
    assert.equal(store.isKept, false);
    isBusy = false;
    await settle();
    assert.deepEqual((await browser.kill().open('room').load()).unsent, []);
  });
}

test('a text that the browser does not let go of in time is used once, and stays', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const browser = new Browser();
  const store = await browser.start();
  const kept = await store.keepText(TEXT);
  await occupy(browser);
  const use = mock.fn(() => true);
  assert.equal(await patiently(store.takeText(kept, use)), true);
  isBusy = false;
  await settle();
  assert.equal(use.mock.callCount(), 1);
  assert.deepEqual((await browser.kill().open('room').load()).unsent, [kept]);
});

test('a browser that refuses to write is said to, once, and what it kept before stays', async () => {
  const browser = new Browser();
  const store = await browser.start();
  store.save('e', Uint8Array.of(0, 0), { ...NO_EDITS, edits: 1 });
  await store.flush();
  const failures: string[] = [];
  store.failed.connect((_, error) => failures.push(error.name));
  refuseWrites();
  for (const edits of [2, 3]) {
    store.save('e', Uint8Array.of(0, 0), { ...NO_EDITS, edits });
    await store.flush();
  }
  assert.equal(store.isKept, false);
  assert.deepEqual(failures, ['QuotaExceededError']);
  mock.restoreAll();
  assert.equal((await browser.open('room').load()).document?.edits, 1);
});
