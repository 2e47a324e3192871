// Copies of rooms' documents in npm's Yjs, many in one process: plain ones, and the notebook that JupyterLab's pane shows.
//
// Each line on standard input is a request, [clock, copy, method, ...arguments]; each gets one line on standard output:
// {value, updates} or {error}. `updates` (base64) are the edits that were made in this copy meanwhile: those that were
// asked for, and what the copy itself does when it hears of others' edits.
//
// The clock and all chance are the caller's, so that the same requests have the same answers.
import { createInterface } from 'node:readline';

let now = 0;
let chance = 1;

function random() {
  chance = (chance + 0x6d2b79f5) | 0;
  let mixed = Math.imul(chance ^ (chance >>> 15), 1 | chance);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
}

// Before anything is loaded: libraries keep hold of these.
Date.now = () => now;
Math.random = random;
globalThis.crypto.getRandomValues = array => {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  bytes.forEach((_, index) => (bytes[index] = random() * 256));
  return array;
};
console.warn = console.log = () => {}; // standard output is for answers

const { BASE_62_DIGITS, generateKeyBetween } = await import('fractional-indexing');
const Y = await import('yjs');
const { RoomNotebook } = await import('./lib/document/roomnotebook.js');
const { EditedCells } = await import('./lib/keep/unsent.js');

/** A position in UTF-16 units of one that counts characters. */
function units(text, characters) {
  return Array.from(text).slice(0, characters).join('').length;
}

/** CRC-32, as zlib has it, of a text's UTF-8. */
function crc32(text) {
  let rest = ~0;
  for (const byte of Buffer.from(text)) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit += 1) {
      rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
    }
  }
  return ~rest >>> 0;
}

/** Plain Yjs: a program that knows `docs/wire.md` and nothing else of ours. */
class PlainCopy {
  constructor() {
    this.doc = new Y.Doc();
    this._bag = this.doc.getArray('cells');
  }

  cells() {
    return this._live().map(cell => [cell.get('id'), cell.get('cell_type'), cell.get('source').toString()]);
  }

  write({ cell, at, text }) {
    const source = this._find(cell).get('source');
    source.insert(units(source.toString(), at), text);
  }

  wipe({ cell, start, stop }) {
    const source = this._find(cell).get('source');
    const [from, to] = [start, stop].map(at => units(source.toString(), at));
    source.delete(from, to - from);
  }

  /** A cell; one that comes last is made by a careless program, which leaves out what the server can add. */
  new_cell({ index, cell_type, text }) {
    const live = this._live();
    const cell = new Y.Map([
      ['id', `plain-${this.doc.clientID}-${this._bag.length}`],
      ['cell_type', cell_type],
      ['source', new Y.Text(text)],
      ['metadata', new Y.Map()]
    ]);
    if (index < live.length) {
      cell.set('pos', this._key(live, index));
      cell.set('execution_count', null);
    }
    if (index < live.length || cell_type === 'code') {
      cell.set('outputs', new Y.Array());
    }
    this._bag.push([cell]);
  }

  move({ cell, index }) {
    const others = this._live().filter(other => other.get('id') !== cell);
    this._find(cell).set('pos', this._key(others, index));
  }

  retype({ cell, cell_type }) {
    this._find(cell).set('cell_type', cell_type);
  }

  drop_cell({ cell }) {
    const map = this._find(cell);
    this.doc.transact(() => {
      map.set('deleted', { at: now, by: 'A program' });
      map.set('dropped', crc32(map.get('source').toString()));
    });
  }

  _live() {
    const there = this._bag.toArray().filter(cell => !cell.has('deleted'));
    const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    const placed = there.filter(cell => cell.has('pos'));
    placed.sort((a, b) => order(a.get('pos'), b.get('pos')) || order(a.get('id'), b.get('id')));
    return [...placed, ...there.filter(cell => !cell.has('pos'))];
  }

  _find(id) {
    return this._live().find(cell => cell.get('id') === id);
  }

  /** A key for a cell that is to come to this place. */
  _key(cells, index) {
    const after = cells.slice(0, index).findLast(cell => cell.has('pos'))?.get('pos') ?? null;
    const before = cells.find(cell => cell.get('pos') > (after ?? ''))?.get('pos') ?? null;
    let suffix = '';
    for (let rest = this.doc.clientID; rest > 0; rest = Math.floor(rest / 62)) {
      suffix += BASE_62_DIGITS[rest % 62];
    }
    let key = generateKeyBetween(after, before);
    while (before !== null && key + suffix >= before) {
      key = generateKeyBetween(key, before);
    }
    return key + suffix;
  }
}

/** The shared model that JupyterLab's notebook is bound to, used as JupyterLab's actions use it. */
class NotebookCopy {
  constructor() {
    this.model = new RoomNotebook();
    this.doc = this.model.ydoc;
    this._edited = new EditedCells(this.doc);
    this._former = [];
  }

  cells() {
    return this.model.cells.map(cell => [cell.id, cell.cell_type, cell.getSource()]);
  }

  unsent() {
    return this._edited.read().map(({ source }) => source);
  }

  setReadOnly(value) {
    this.model.readOnly = value;
  }

  settle() {
    this._edited.forget();
  }

  /** What a page keeps in the browser besides the document: the cells that it edited, and the clients that it was. */
  own() {
    return { cells: [...this._edited.ids], clients: [...this._former, this.doc.clientID] };
  }

  take({ cells, clients }) {
    this._edited.add(cells);
    this._former = clients;
    this.model.adopt(clients);
  }

  write({ cell, at, text }) {
    const shared = this._find(cell);
    const start = units(shared.getSource(), at);
    shared.updateSource(start, start, text);
  }

  wipe({ cell, start, stop }) {
    const shared = this._find(cell);
    const [from, to] = [start, stop].map(at => units(shared.getSource(), at));
    shared.updateSource(from, to, '');
  }

  new_cell({ index, cell_type, text }) {
    this.model.insertCell(index, { cell_type, source: text, metadata: {} });
  }

  move({ cell, index }) {
    this.model.moveCell(this._index(cell), index);
  }

  retype({ cell, cell_type }) {
    const index = this._index(cell);
    const { id, source, metadata } = this.model.cells[index].toJSON();
    this.model.transact(() => {
      this.model.deleteCell(index);
      this.model.insertCell(index, { id, cell_type, source, metadata });
    });
  }

  merge({ cells, way }) {
    const [primary, other] = cells.map(cell => this._index(cell));
    if (way === 'pane') {
      this.model.mergeCells(primary, [other]);
      return;
    }
    const [first, last] = [primary, other].sort((a, b) => a - b);
    const source = [first, last].map(index => this.model.cells[index].getSource()).join('\n\n');
    this.model.transact(() => {
      this.model.deleteCell(primary);
      this.model.insertCell(primary, { cell_type: 'code', metadata: {}, source });
      this.model.deleteCell(other);
    });
  }

  split({ cell, at, way }) {
    const index = this._index(cell);
    const shared = this.model.cells[index];
    const source = shared.getSource();
    const place = units(source, at);
    if (way === 'pane') {
      this.model.splitCell(index, [place]);
      return;
    }
    const head = source.slice(0, place).replace(/\n+$/, '');
    const tail = source.slice(place).replace(/^\n+/, '');
    this.model.transact(() => {
      this.model.insertCells(index, [{ cell_type: shared.cell_type, metadata: {}, source: head }]);
      shared.setSource(tail);
    });
  }

  reformat({ cell, text }) {
    this._find(cell).setSource(text);
  }

  drop_cell({ cell }) {
    this.model.transact(() => {
      this.model.deleteCell(this._index(cell));
      if (this.model.cells.length === 0) {
        this.model.insertCell(0, { cell_type: 'code', metadata: {} });
      }
    });
  }

  undo() {
    this.model.undo();
  }

  redo() {
    this.model.redo();
  }

  bring_back({ cell }) {
    this.model.restoreLate(cell);
  }

  dismiss({ cell }) {
    this.model.dismissLate(cell);
  }

  undo_text({ cell }) {
    this._find(cell).undo();
  }

  _index(id) {
    return this.model.cells.findIndex(cell => cell.id === id);
  }

  _find(id) {
    return this.model.cells[this._index(id)];
  }
}

const KINDS = { plain: PlainCopy, notebook: NotebookCopy };

/** A copy with what all kinds can do. */
class Held {
  constructor(kind, clientID) {
    this._copy = new KINDS[kind]();
    this._doc = this._copy.doc;
    this._doc.clientID = clientID;
    this._ledger = this._doc.getArray('ledger');
    this._made = [];
    this._doc.on('update', (update, origin) => origin !== this && this._made.push(update));
  }

  /** The edits made here since this was asked last, as one. */
  takeMade() {
    const made = this._made;
    this._made = [];
    return made.length > 1 ? [Y.mergeUpdates(made)] : made;
  }

  apply(update) {
    Y.applyUpdate(this._doc, Buffer.from(update, 'base64'), this);
    return this._ledger.toArray();
  }

  act(action, token) {
    this._copy[action.do](action);
    this._ledger.push([token]);
    return this.cells();
  }

  /** The names of what this kind of copy can do. */
  get abilities() {
    return Object.getOwnPropertyNames(Object.getPrototypeOf(this._copy));
  }

  cells() {
    return this._copy.cells();
  }

  unsent() {
    return this._copy.unsent();
  }

  setReadOnly(value) {
    this._copy.setReadOnly(value);
  }

  settle() {
    this._copy.settle();
  }

  own() {
    return this._copy.own();
  }

  take(own) {
    this._copy.take(own);
  }

  take_over(former) {
    this._copy.model.takeOver(copies.get(former)._copy.model);
  }

  raw() {
    return this._doc.getArray('cells').toJSON();
  }

  vector() {
    return Buffer.from(Y.encodeStateVector(this._doc)).toString('base64');
  }

  update(vector) {
    const known = vector === null ? undefined : Buffer.from(vector, 'base64');
    return Buffer.from(Y.encodeStateAsUpdate(this._doc, known)).toString('base64');
  }
}

let copies = new Map();

function answer([clock, copy, method, ...rest]) {
  now = clock;
  if (method === 'begin') {
    chance = rest[0];
    copies = new Map();
    return { value: null, updates: [] };
  }
  if (method === 'open') {
    const opened = new Held(...rest);
    copies.set(copy, opened);
    return { value: opened.abilities, updates: [] };
  }
  const held = copies.get(copy);
  const value = held[method](...rest) ?? null;
  return { value, updates: held.takeMade().map(update => Buffer.from(update).toString('base64')) };
}

for await (const line of createInterface({ input: process.stdin })) {
  let answered;
  try {
    answered = answer(JSON.parse(line));
  } catch (error) {
    answered = { error: error.stack };
  }
  process.stdout.write(JSON.stringify(answered) + '\n');
}
// The notebooks' timers would keep the process alive.
process.exit(0);
