/** Who is in a room beside oneself. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import { othersIn, readPeople } from '../lib/wire/presence.js';

const disposables: Awareness[] = [];

afterEach(() => disposables.splice(0).forEach(awareness => awareness.destroy()));

function awarenessOf(...names: string[]): Awareness {
  const awareness = new Awareness(new Y.Doc());
  disposables.push(awareness);
  const user = (username: string): object => ({ username, name: username, display_name: username, initials: '' });
  awareness.setLocalState({ user: user(names[0]), cursor: { cell: 'c0', anchor: {}, head: {} }, cell: 'c1' });
  names.slice(1).forEach((name, index) => awareness.states.set(index, { user: user(name) }));
  return awareness;
}

test('others are named once, and one’s own other tabs are not others', () => {
  const people = readPeople(awarenessOf('Ada', 'Ada', 'Ben', 'Ben'));
  assert.deepEqual(
    [...othersIn(people).values()].map(({ name }) => name),
    ['Ben']
  );
});

test('the caret may be in another cell than the one that is active', () => {
  const [me] = readPeople(awarenessOf('Ada'));
  assert.deepEqual([me.isMe, me.cell, me.caret], [true, 'c1', 'c0']);
});
