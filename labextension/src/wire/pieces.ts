/**
 * Cuts an update that is too large for one message.
 *
 * The pieces build on each other in their order, and each leaves the room whole: a new cell comes with all that a cell
 * must have. A cut goes between two edits or, in a long text, between two characters.
 *
 * The format of updates is Yjs's first; see `UpdateEncoderV1` and `Item.write` there.
 */
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';

type Struct = ReturnType<typeof Y.decodeUpdate>['structs'][number];

/** A struct that is a text, or part of one. */
type TextItem = Y.Item & { content: Y.ContentString };

/** What a cell has from the beginning, by `docs/wire.md`. */
const CELL_KEYS: readonly (string | null)[] = [
  'id',
  'pos',
  'cell_type',
  'source',
  'metadata',
  'outputs',
  'execution_count'
];

/** The most that an update has beside its clients' edits, in bytes: how many clients there are, and no deletion. */
const UPDATE_HEAD_BYTES = 10;

/** The most that is said of a client before its edits, in bytes: three numbers. */
const CLIENT_HEAD_BYTES = 30;

/** The most that is said of a text before its characters, in bytes: where it is. */
const TEXT_HEAD_BYTES = 100;

/** An update that says nothing has two bytes. */
const EMPTY_BYTES = 2;

/**
 * Cut an update into updates of at most `maxBytes`; what cannot be cut comes in one that is larger.
 *
 * Deletions come last, and are not cut.
 */
export function cutUpdate(update: Uint8Array, maxBytes: number): Uint8Array[] {
  if (update.length <= maxBytes) {
    return [update];
  }
  const { structs } = Y.decodeUpdate(update);
  if (structs.some(struct => !(struct instanceof Y.Item || struct instanceof Y.GC))) {
    return [update];
  }
  const pieces = [new Piece(maxBytes)];
  for (const block of readBlocks(structs)) {
    for (const part of block.length === 1 ? cutText(block[0], maxBytes) : [block]) {
      if (!pieces[pieces.length - 1].add(part)) {
        const piece = new Piece(maxBytes);
        piece.add(part);
        pieces.push(piece);
      }
    }
  }
  const updates = [...pieces.map(piece => piece.toUpdate()), readDeletions(update, structs)];
  return updates.filter(({ length }) => length > EMPTY_BYTES);
}

/** An update in the making. */
class Piece {
  constructor(private readonly _maxBytes: number) {}

  /** Add structs if there is room for them, or nothing else here; tells whether it did. */
  add(structs: readonly Struct[]): boolean {
    const encoded = structs.map(encode);
    const heads = new Set(structs.map(({ id }) => id.client)).size * CLIENT_HEAD_BYTES;
    const bytes = this._bytes + encoded.reduce((sum, { length }) => sum + length, heads);
    if (bytes > this._maxBytes && this._clients.size > 0) {
      return false;
    }
    this._bytes = bytes;
    structs.forEach(({ id }, index) => {
      const edits = this._clients.get(id.client) ?? { clock: id.clock, data: [] };
      this._clients.set(id.client, edits);
      edits.data.push(encoded[index]);
    });
    return true;
  }

  toUpdate(): Uint8Array {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, this._clients.size);
    for (const [client, { clock, data }] of this._clients) {
      [data.length, client, clock].forEach(number => encoding.writeVarUint(encoder, number));
      data.forEach(struct => encoding.writeUint8Array(encoder, struct));
    }
    encoding.writeVarUint(encoder, 0);
    return encoding.toUint8Array(encoder);
  }

  private _bytes = UPDATE_HEAD_BYTES;
  private readonly _clients = new Map<number, { clock: number; data: Uint8Array[] }>();
}

function encode(struct: Struct): Uint8Array {
  const encoder = new Y.UpdateEncoderV1();
  struct.write(encoder, 0);
  return encoder.toUint8Array();
}

/** What must not be parted: a new cell with all that it must have, or else one struct. In causal order. */
function* readBlocks(structs: readonly Struct[]): Generator<Struct[]> {
  const ends = findCellEnds(structs);
  const open = new Map<number, number>();
  let block: Struct[] = [];
  for (const struct of inCausalOrder(structs)) {
    const { client, clock } = struct.id;
    block.push(struct);
    open.set(client, Math.max(open.get(client) ?? 0, ends.get(`${client} ${clock}`) ?? 0));
    if ((open.get(client) ?? 0) < clock + struct.length) {
      open.delete(client);
    }
    if (open.size === 0) {
      yield block;
      block = [];
    }
  }
  if (block.length > 0) {
    yield block;
  }
}

/** For each new cell, by its client and clock: the clock of the last thing that it must have. */
function findCellEnds(structs: readonly Struct[]): Map<string, number> {
  const ends = new Map<string, number>();
  for (const struct of structs) {
    const isPart = struct instanceof Y.Item && CELL_KEYS.includes(struct.parentSub);
    const parent: unknown = isPart ? struct.parent : null;
    if (parent instanceof Y.ID && parent.client === struct.id.client) {
      ends.set(`${parent.client} ${parent.clock}`, struct.id.clock);
    }
  }
  return ends;
}

/** The structs of one client, and how many of them were taken. */
interface IQueue {
  structs: Struct[];
  next: number;
}

/** The structs so that each comes after those that it names; those of one client stay together as far as they can. */
function* inCausalOrder(structs: readonly Struct[]): Generator<Struct> {
  const queues = new Map<number, IQueue>();
  for (const struct of structs) {
    const queue = queues.get(struct.id.client) ?? { structs: [], next: 0 };
    queues.set(struct.id.client, queue);
    queue.structs.push(struct);
  }
  const isThere = ({ client, clock }: Y.ID): boolean => {
    const queue = queues.get(client);
    return clock < (queue?.structs[queue.next]?.id.clock ?? Infinity);
  };
  const isReady = ({ structs: queued, next }: IQueue): boolean =>
    next < queued.length && namedBy(queued[next]).every(isThere);
  let waiting = [...queues.values()];
  while (waiting.length > 0) {
    const queue = waiting.find(isReady) ?? waiting[0];
    do {
      yield queue.structs[queue.next];
      queue.next += 1;
    } while (isReady(queue));
    waiting = waiting.filter(({ structs: { length }, next }) => next < length);
  }
}

/** What a struct says that it is beside or in. */
function namedBy(struct: Struct): Y.ID[] {
  const named: unknown[] = struct instanceof Y.Item ? [struct.origin, struct.rightOrigin, struct.parent] : [];
  return named.filter((id): id is Y.ID => id instanceof Y.ID);
}

/** Cut a text into parts that are small enough; anything else stays whole. */
function cutText(struct: Struct, maxBytes: number): Struct[][] {
  const buffer = new Uint8Array(Math.max(0, maxBytes - UPDATE_HEAD_BYTES - CLIENT_HEAD_BYTES - TEXT_HEAD_BYTES));
  if (!isText(struct) || encode(struct).length <= buffer.length) {
    return [[struct]];
  }
  const { str } = struct.content;
  const parts: Struct[][] = [];
  for (let start = 0; start < str.length;) {
    // This never cuts a character that takes two units.
    const { read } = new TextEncoder().encodeInto(str.slice(start), buffer);
    const end = read > 0 ? start + read : str.length;
    parts.push([sliceText(struct, start, end)]);
    start = end;
  }
  return parts;
}

function isText(struct: Struct): struct is TextItem {
  return struct instanceof Y.Item && struct.content instanceof Y.ContentString;
}

/** A part of a text, as if it had been typed by itself. */
function sliceText(text: TextItem, start: number, end: number): Y.Item {
  const { origin, rightOrigin, parent, parentSub, content } = text;
  const { client, clock } = text.id;
  const before = start === 0 ? origin : Y.createID(client, clock + start - 1);
  const part = new Y.ContentString(content.str.slice(start, end));
  return new Y.Item(Y.createID(client, clock + start), null, before, null, rightOrigin, parent, parentSub, part);
}

/** Of an update, what it deletes. */
function readDeletions(update: Uint8Array, structs: readonly Struct[]): Uint8Array {
  const known = new Map<number, number>();
  for (const { id, length } of structs) {
    known.set(id.client, Math.max(known.get(id.client) ?? 0, id.clock + length));
  }
  return Y.diffUpdate(update, Y.encodeStateVector(known));
}
