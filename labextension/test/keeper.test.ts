/** Who finds what was typed at a browser, when its page comes back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type IIdentity, keeperOf } from '../lib/keeper.js';
import { Browser } from './browser.js';

const ANONYMOUS: IIdentity = { kind: 'server', username: 'f'.repeat(32), display_name: 'Anonymous Io' };
const SERVER_ADA: IIdentity = { kind: 'server', username: 'ada', display_name: 'Ada' };
const GUEST_ADA: IIdentity = { kind: 'guest', username: 'guest-1', display_name: 'Ada' };
const ACCOUNT_ADA: IIdentity = { kind: 'account', username: 'account-1', display_name: 'Ada' };

/** Whether the second finds what the first typed before the browser was killed. */
async function finds(before: IIdentity, after: IIdentity): Promise<boolean> {
  const browser = new Browser();
  const page = await browser.start('room', keeperOf(before));
  page.save('e', Uint8Array.of(0, 0), { edits: 1, cells: [], clients: [] });
  await page.flush();
  const { document } = await browser.kill().open('room', keeperOf(after)).load();
  return document !== null;
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

test('nobody finds the text of somebody else with a name', async () => {
  for (const before of [SERVER_ADA, GUEST_ADA, ACCOUNT_ADA]) {
    for (const after of [ANONYMOUS, SERVER_ADA, GUEST_ADA, ACCOUNT_ADA]) {
      assert.equal(await finds(before, after), before === after, `${before.kind} ${after.kind}`);
    }
  }
  assert.ok(!(await finds(ACCOUNT_ADA, { ...ACCOUNT_ADA, username: 'account-2' })));
});
