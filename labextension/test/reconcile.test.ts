/** Whose text counts when a cell and the room's were apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { hashOf } from '../lib/bind/metadata.js';
import { merge, reconcile } from '../lib/bind/reconcile.js';

for (const [own, room, shared, mayPush, decision] of [
  ['a', 'a', '', true, 'same'],
  ['old', 'new', 'old', true, 'take'],
  ['new', 'old', 'old', true, 'push'],
  ['new', 'old', 'old', false, 'conflict'],
  ['mine', 'theirs', 'old', true, 'conflict'],
  ['', 'theirs', 'old', true, 'take'],
  ['', 'old', 'old', true, 'push'],
  ['a\r\nb', 'a\nb', '', true, 'take']
] as const) {
  const who = mayPush ? '' : ' for a reader';
  test(`“${own}” here and “${room}” in the room, “${shared}” before: ${decision}${who}`, () => {
    assert.equal(
      reconcile(own, room, text => shared !== '' && text === shared, mayPush),
      decision
    );
  });
}

for (const [base, own, room, merged] of [
  ['one two', 'zero one two', 'one two three', 'zero one two three'],
  ['one two', 'one two three', 'zero one two', 'zero one two three'],
  ['one two', 'one 2', '1 two', '1 2'],
  ['ab', 'abX', 'abY', 'abYX'],
  ['ab', 'abQW', 'abQ', 'abQW'],
  ['ab', 'abQ', 'abQW', 'abQW'],
  ['ab', 'ab', 'abc', 'abc'],
  ['a😀b', 'a😁b', 'a😀bc', 'a😁bc'],
  ['', 'x', '', 'x']
]) {
  test(`“${base}” became “${own}” here and “${room}” in the room: “${merged}”`, () => {
    assert.equal(merge(base, own, room), merged);
  });
}

test('a text is known again by its SHA-256', () => {
  assert.equal(hashOf('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.equal(hashOf('😀').length, 64);
});
