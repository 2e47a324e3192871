/** Guests choose their names themselves: whoever reads one is told so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as Y from 'yjs';

import { type CellMap, putterOf } from '../lib/document/cellmap.js';
import { named } from '../lib/ui/named.js';

const trans = { __: (words: string, ...names: unknown[]) => words.replace('%1', String(names[0])) };

test('a guest who is called as somebody else is marked', () => {
  assert.equal(named('Ada', true, trans), 'Ada (guest)');
  assert.equal(named('Ada', false, trans), 'Ada');
});

test('who put outputs into a cell is a guest by the server’s word', () => {
  const cell = new Y.Doc().getMap('cell') as CellMap;
  assert.equal(putterOf(cell), null);
  cell.set('put', { by: 'Ada', username: '91bc', kind: 'guest' });
  assert.deepEqual(putterOf(cell), { name: 'Ada', isGuest: true });
  cell.set('put', { by: 'Ada', username: 'ada', kind: 'server' });
  assert.deepEqual(putterOf(cell), { name: 'Ada', isGuest: false });
});
