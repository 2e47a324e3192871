/** Who finds what was typed at a browser, when its page comes back. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { BrowserPersistence } from '../lib/keep/indexeddb.js';
import { type IIdentity, keeperOf } from '../lib/keep/keeper.js';
import type { IPersistence } from '../lib/keep/persistence.js';
import { Browser } from './browser.js';
import { settle } from './wait.js';

const ANONYMOUS: IIdentity = { kind: 'server', username: 'f'.repeat(32), display_name: 'Anonymous Io' };
const SERVER_ADA: IIdentity = { kind: 'server', username: 'ada', display_name: 'Ada' };
const GUEST_ADA: IIdentity = { kind: 'guest', username: 'guest-1', display_name: 'Ada' };
const ACCOUNT_ADA: IIdentity = { kind: 'account', username: 'account-1', display_name: 'Ada' };

const MINUTE_MS = 60_000;
const TEXT = { epoch: 'e', reason: 'invalid_update', cells: [{ id: 'x', cell_type: 'code', source: 'mine' }] };

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

/** Somebody types, and has a text that the room did not take. */
async function typeAt(browser: Browser, who: IIdentity): Promise<IPersistence> {
  const page = await browser.start('room', keeperOf(who));
  page.save('e', Uint8Array.of(0, 0), { edits: 1, cells: [], clients: [] });
  await page.keepText(TEXT);
  await page.flush();
  return page;
}

/** Whether somebody finds both, when the browser has been killed. */
async function findsAt(browser: Browser, who: IIdentity): Promise<boolean> {
  const { document, unsent } = await browser.kill().open('room', keeperOf(who)).load();
  assert.equal(document !== null, unsent.length === 1);
  return document !== null;
}

/** Whether the second finds what the first typed before the browser was killed. */
async function finds(before: IIdentity, after: IIdentity): Promise<boolean> {
  const browser = new Browser();
  await typeAt(browser, before);
  return findsAt(browser, after);
}

test('everybody finds their own text', async () => {
  for (const who of [ANONYMOUS, SERVER_ADA, GUEST_ADA, ACCOUNT_ADA]) {
    assert.ok(await finds(who, who), who.kind);
  }
});

test('who has no name of their own finds it under the next name that is made up for them', async () => {
  const again = { ...ANONYMOUS, username: '0'.repeat(32), display_name: 'Anonymous Europa' };
  assert.ok(await finds(ANONYMOUS, again));
});

test('a guest whom the server has forgotten finds it under the same name', async () => {
  assert.ok(await finds(GUEST_ADA, { ...GUEST_ADA, username: 'guest-2' }));
  assert.ok(!(await finds(GUEST_ADA, { ...GUEST_ADA, username: 'guest-2', display_name: 'Bob' })));
});

test('a guest who was there for a while is not taken for another one of the same name', async () => {
  const browser = new Browser();
  const page = await typeAt(browser, GUEST_ADA);
  mock.timers.tick(MINUTE_MS);
  await settle();
  page.save('e', Uint8Array.of(0, 0), { edits: 2, cells: [], clients: [] });
  await page.flush();
  assert.ok(!(await findsAt(browser, { ...GUEST_ADA, username: 'guest-2' })));
  assert.ok(await findsAt(browser, GUEST_ADA));
});

test('what a guest found under their name is for nobody else after a while', async () => {
  const browser = new Browser();
  await typeAt(browser, GUEST_ADA);
  const [second, third] = ['guest-2', 'guest-3'].map(username => ({ ...GUEST_ADA, username }));
  const after = browser.kill();
  await after.start('room', keeperOf(second));
  mock.timers.tick(MINUTE_MS);
  await settle();
  assert.ok(!(await findsAt(after, third)));
  assert.ok(await findsAt(after, second));
});

test('a guest who signs out leaves nothing to another one of the same name', async () => {
  const browser = new Browser();
  const page = await typeAt(browser, GUEST_ADA);
  await page.close();
  await browser.endAlias(keeperOf(GUEST_ADA));
  assert.ok(!(await findsAt(browser, { ...GUEST_ADA, username: 'guest-2' })));
  assert.ok(await findsAt(browser, GUEST_ADA));
});

test('signing out goes on where the browser keeps nothing', async () => {
  await new BrowserPersistence('nowhere', null).endAlias(keeperOf(GUEST_ADA));
});

test('nobody finds the text of somebody else with a name', async () => {
  for (const before of [SERVER_ADA, GUEST_ADA, ACCOUNT_ADA]) {
    for (const after of [ANONYMOUS, SERVER_ADA, GUEST_ADA, ACCOUNT_ADA]) {
      assert.equal(await finds(before, after), before === after, `${before.kind} ${after.kind}`);
    }
  }
  assert.ok(!(await finds(ACCOUNT_ADA, { ...ACCOUNT_ADA, username: 'account-2' })));
});
