// People with npm's Yjs who edit the text of one cell, driven by JSON lines: a command a line, a reply a line.
// Each command names the person; updates are hexadecimal.
import { createInterface } from 'node:readline';
import * as Y from 'yjs';

const people = new Map();

/** Makes a person, or makes one begin again with the room's document. */
function join({ person, state, client }) {
  const doc = new Y.Doc();
  doc.clientID = client;
  Y.applyUpdate(doc, Buffer.from(state, 'hex'));
  const text = doc.getArray('cells').get(0).get('source');
  const undo = new Y.UndoManager(text, { captureTimeout: 0 });
  const updates = [];
  doc.on('update', (update, origin) => origin !== 'room' && updates.push(update));
  people.set(person, { doc, text, undo, updates });
}

const edits = {
  insert: ({ text }, { at, words }) => text.insert(at, words),
  delete: ({ text }, { at, length }) => text.delete(at, length),
  replace: ({ text }, { at, length, words }) => {
    text.delete(at, length);
    text.insert(at, words);
  },
  format: ({ text }, { at, length }) => text.format(at, length, { bold: true }),
  undo: ({ undo }) => undo.undo(),
  redo: ({ undo }) => undo.redo()
};

/** Edits, and replies with the updates since the last reply to `edit` or `resend`; none where there was no change. */
function edit({ person, edit: kind, ...place }) {
  const { doc, updates } = people.get(person);
  doc.transact(() => edits[kind](people.get(person), place));
  const said = updates.splice(0);
  return said.length > 1 ? Buffer.from(Y.mergeUpdates(said)).toString('hex') : Buffer.from(said[0] ?? []).toString('hex');
}

const commands = {
  join,
  edit,
  hear: ({ person, updates }) =>
    updates.forEach(update => Y.applyUpdate(people.get(person).doc, Buffer.from(update, 'hex'), 'room')),
  everything: ({ person }) => Buffer.from(Y.encodeStateAsUpdate(people.get(person).doc)).toString('hex'),
  text: ({ person }) => people.get(person).text.toString()
};

for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...command } = JSON.parse(line);
  process.stdout.write(JSON.stringify(commands[op](command) ?? null) + '\n');
}
