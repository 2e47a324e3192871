/** The hash of a source, held against the vectors that the Python side runs too. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { crc32 } from '../lib/text/crc.js';
import { hashOf } from '../lib/text/sourcehash.js';

const file = new URL('../../tests/vectors/source_hash.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf-8')) as { name: string; source: string; hash: string }[];

for (const { name, source, hash } of vectors) {
  test(`the hash of: ${name}`, () => {
    assert.equal(hashOf(source), hash);
  });
}

test('what is made to have the checksum of another source has another hash', () => {
  const [ran, forged] = vectors.slice(-2).map(vector => vector.source);
  assert.equal(crc32(forged), crc32(ran));
  assert.notEqual(hashOf(forged), hashOf(ran));
});

test('half a character counts as the one that stands for it on the wire', () => {
  assert.equal(hashOf('x\ud83d'), hashOf('x\ufffd'));
});
