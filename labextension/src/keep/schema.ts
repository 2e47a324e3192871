/** The stores of the browser's database, their rows, and how those of version 1 become these. */
/** A room, by its name in this browser: the epoch that its server named last. */
export interface IRoomRow {
  room: string;
  epoch: string;
  /** Milliseconds since 1970. */
  usedAt: number;
}

/** Whose a row is; see `IKeeper`. */
export interface IKeptBy {
  person: string;
  alias: string | null;
}

/** What one page keeps of a room: its document, and which edits in it are not acknowledged. */
export interface IRecordRow extends IKeptBy {
  /** The page that the record belongs to. */
  page: string;
  room: string;
  document: string;
  epoch: string;
  edits: number;
  cells: string[];
  clients: number[];
  /** Milliseconds since 1970. */
  usedAt: number;
}

/** One update of a document. */
export interface IUpdateRow {
  document: string;
  update: Uint8Array;
}

/** Text that a room did not take. */
export interface ITextRow extends IKeptBy {
  key?: number;
  room: string;
  epoch: string;
  reason: string;
  cells: { id: string; cell_type: string; source: string }[];
}

/** A room in version 1, which its pages shared: its name ended with the person's, if there was one. */
interface IFormerRoom extends IRoomRow {
  document: string;
}

/** The unacknowledged edits of one page in one document, in version 1. */
interface IFormerKept {
  document: string;
  writer: string;
  room: string;
  epoch: string;
  edits: number;
  cells: string[];
}

/** Text that a room did not take, in version 1. */
type IFormerText = Omit<ITextRow, keyof IKeptBy>;

export const VERSION = 2;

export const STORES = ['rooms', 'records', 'updates', 'texts'];

/** The lines of a room's name: the server's address, the room's id and the role that was asked for. */
const NAME_LINES = 3;

/** A request's answer. */
export function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('The browser refused a request to its database.'));
  });
}

export function createStores(database: IDBDatabase): void {
  database.createObjectStore('rooms', { keyPath: 'room' });
  database.createObjectStore('updates', { autoIncrement: true }).createIndex('document', 'document');
  database.createObjectStore('texts', { keyPath: 'key', autoIncrement: true }).createIndex('room', 'room');
  createRecords(database);
}

function createRecords(database: IDBDatabase): void {
  const records = database.createObjectStore('records', { keyPath: 'page' });
  records.createIndex('room', 'room');
  records.createIndex('document', 'document');
}

/** Bring what version 1 kept into the present layout; updates lie as they did. */
export async function convert(database: IDBDatabase, transaction: IDBTransaction): Promise<void> {
  createRecords(database);
  const [rooms, texts] = [transaction.objectStore('rooms'), transaction.objectStore('texts')];
  const [formerRooms, formerKept, formerTexts] = await Promise.all([
    answerOf<IFormerRoom[]>(rooms.getAll()),
    answerOf<IFormerKept[]>(transaction.objectStore('kept').getAll()),
    answerOf<IFormerText[]>(texts.getAll())
  ]);
  const records = transaction.objectStore('records');
  toRecords(formerRooms, formerKept).forEach(row => records.put(row));
  rooms.clear();
  // Of one room of several people, the epoch that was named last counts.
  formerRooms.sort((one, other) => one.usedAt - other.usedAt).forEach(row => rooms.put(toRoom(row)));
  formerTexts.forEach(row => texts.put(toText(row)));
  database.deleteObjectStore('kept');
}

/** A record for each page that had edits, and for each document without them. */
function toRecords(rooms: readonly IFormerRoom[], kept: readonly IFormerKept[]): IRecordRow[] {
  const documents = new Set(kept.map(({ document }) => document));
  const settled = rooms.filter(({ document }) => !documents.has(document));
  return [
    ...settled.map(row => toRecord({ ...row, writer: '', edits: 0, cells: [] }, row.usedAt)),
    ...kept.map(row => toRecord(row, Date.now()))
  ];
}

function toRoom({ room, epoch, usedAt }: IFormerRoom): IRoomRow {
  return { room: readName(room).room, epoch, usedAt };
}

function toText(row: IFormerText): ITextRow {
  return { ...row, ...readName(row.room) };
}

function toRecord({ document, writer, room, epoch, edits, cells }: IFormerKept, usedAt: number): IRecordRow {
  const page = `${document}\n${writer}`;
  return { ...readName(room), page, document, epoch, edits, cells, clients: [], usedAt };
}

function readName(name: string): IKeptBy & { room: string } {
  const lines = name.split('\n');
  return { room: lines.slice(0, NAME_LINES).join('\n'), person: lines[NAME_LINES] ?? '', alias: null };
}
