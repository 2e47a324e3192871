/** Which pages of a browser live, by every way in which a browser lets them know. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type ILivingPages, LockingPages, SpeakingPages } from '../lib/keep/living.js';
import { settle } from './wait.js';

/** A browser's web locks, as far as they are used. */
class Locks {
  request(name: string, hold: () => Promise<void>): Promise<void> {
    this._held.add(name);
    return hold().then(() => void this._held.delete(name));
  }

  query(): Promise<LockManagerSnapshot> {
    return Promise.resolve({ held: [...this._held].map(name => ({ name })), pending: [] });
  }

  private readonly _held = new Set<string>();
}

let channels = 0;

/** For each way, what makes the pages of one browser, each in a window of its own. */
const WAYS: Record<string, () => () => ILivingPages> = {
  'with web locks': () => {
    const locks = new Locks() as unknown as LockManager;
    return () => new LockingPages(locks);
  },
  'by asking each other': () => {
    const name = `channel-${(channels += 1)}`;
    return () => new SpeakingPages(() => new BroadcastChannel(name) as never);
  }
};

for (const [way, makeBrowser] of Object.entries(WAYS)) {
  test(`${way}: a page lives from when it enters until it leaves`, async () => {
    const open = makeBrowser();
    const [one, two] = [open(), open()];
    await one.enter('a');
    await one.enter('b');
    await two.enter('c');
    assert.deepEqual(await two.find(['a', 'b', 'c', 'd']), new Set(['a', 'b', 'c']));
    assert.deepEqual(await one.find(['c']), new Set(['c']));
    one.leave('a');
    await settle();
    assert.deepEqual(await two.find(['a', 'b']), new Set(['b']));
    one.leave('b');
    await settle();
    assert.deepEqual(await two.find(['a', 'b']), new Set());
    two.leave('c');
  });

  test(`${way}: a page that leaves before it has entered does not live`, async () => {
    const open = makeBrowser();
    const [one, two] = [open(), open()];
    const entered = one.enter('a');
    one.leave('a');
    await entered;
    await settle();
    await two.enter('b');
    assert.deepEqual(await two.find(['a']), new Set());
    two.leave('b');
  });
}

test('a page that cannot ask anybody takes itself to be alone', async () => {
  const pages = new SpeakingPages(null);
  await pages.enter('a');
  assert.deepEqual(await pages.find(['a', 'b']), new Set(['a']));
});
