/** The wire, held against the vectors that the Python side runs too. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { applyAwarenessUpdate, Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import { build, type Message, parse, ProtocolError, readClosing } from '../lib/wire/protocol.js';

interface IVector {
  name: string;
  hex: string;
}

interface IVectors {
  valid: (IVector & { message: Record<string, unknown> })[];
  malformed: IVector[];
  closings: { code: number; text: string; reason: string; action: string }[];
}

const file = new URL('../../tests/vectors/wire.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf-8')) as IVectors;

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

/** A message in the words of the vectors: bytes as hexadecimal digits, presence read. */
function describe(message: Message): Record<string, unknown> {
  switch (message.type) {
    case 'sync_step1':
      return { type: message.type, state_vector: hex(message.stateVector) };
    case 'sync_step2':
    case 'update':
      return { type: message.type, update: hex(message.update) };
    case 'awareness':
      return { type: message.type, entries: readEntries(message.payload) };
    default:
      return { ...message };
  }
}

/** What an awareness update says, as y-protocols reads it. */
function readEntries(payload: Uint8Array): { client_id: number; clock: number; state: string }[] {
  const awareness = new Awareness(new Y.Doc());
  awareness.setLocalState(null);
  applyAwarenessUpdate(awareness, payload, null);
  const clients = [...awareness.meta.keys()].filter(client => client !== awareness.clientID);
  awareness.destroy();
  return clients.map(client => ({
    client_id: client,
    clock: awareness.meta.get(client)?.clock ?? -1,
    state: JSON.stringify(awareness.states.get(client) ?? null)
  }));
}

for (const { name, hex: digits, message } of vectors.valid) {
  test(`reads and writes: ${name}`, () => {
    const parsed = parse(bytes(digits));
    assert.deepEqual(describe(parsed), message);
    assert.equal(hex(build(parsed)), digits);
  });
}

for (const { name, hex: digits } of vectors.malformed) {
  test(`refuses: ${name}`, () => {
    assert.throws(() => parse(bytes(digits)), ProtocolError);
  });
}

test('a message that lies in a larger buffer is read to its own end only', () => {
  const buffer = bytes('ff' + '0002050102' + '030405');
  assert.throws(() => parse(buffer.subarray(1, 6)), ProtocolError);
});

for (const { code, text, reason, action } of vectors.closings) {
  test(`knows what to do after a close with ${code}`, () => {
    const closing = readClosing(code, text);
    assert.deepEqual([closing.action, closing.reason, `${reason}: ${closing.message}`], [action, reason, text]);
  });
}

test('a close reason is a machine-readable word and what to do', () => {
  assert.deepEqual(readClosing(4404, 'room_not_found: create it'), {
    action: 'stop',
    code: 4404,
    reason: 'room_not_found',
    message: 'create it'
  });
  assert.deepEqual(readClosing(1006, ''), { action: 'retry', code: 1006, reason: '', message: '' });
  assert.equal(readClosing(1001, 'server is stopping').action, 'retry');
});
