/** What pages that are gone have kept of a room becomes this page's. */
import type { ITables } from './database.js';
import { drop, forgetOldRooms, type IOwner, type IRecord, isFor, readUnsent, rowOf } from './records.js';
import type { IRecordRow, ITextRow } from './schema.js';

/** So many Yjs clients are known to be a page's: those before them wrote long ago. */
const MAX_CLIENTS = 100;

/** A record that this page has taken over, and the updates of its document. */
export interface ITakenRecord {
  readonly record: IRecord;
  readonly updates: Uint8Array[];
}

/** What one page may take over of a room: it is for the same person. */
export async function readRecords({ records }: ITables, owner: IOwner): Promise<IRecordRow[]> {
  return (await records.where('room', owner.room)).filter(row => isFor(owner, row));
}

/**
 * Take over the records of pages, except those that another page took over in the meantime, and all texts.
 *
 * @param gone - The pages.
 */
export async function takeOver(
  tables: ITables,
  owner: IOwner,
  gone: ReadonlySet<string>
): Promise<{ taken: ITakenRecord | null; texts: ITextRow[] }> {
  const { room, person, alias } = owner;
  const rows = (await readRecords(tables, owner)).filter(({ page }) => gone.has(page));
  rows.sort((one, other) => other.usedAt - one.usedAt);
  const epoch = (await tables.rooms.get(room))?.epoch ?? rows[0]?.epoch;
  const present = rows.filter(row => row.epoch === epoch);
  for (const row of rows) {
    if (row.epoch !== epoch) {
      await setAside(tables, owner, row);
    }
  }
  await forgetOldRooms(tables);
  const taken = present.length > 0 ? await join(tables, owner, present) : null;
  const texts = (await tables.texts.where('room', room)).filter(row => isFor(owner, row));
  texts.forEach(row => tables.texts.put({ ...row, person, alias }));
  return { taken, texts };
}

/** Turn edits of a former epoch into text to offer. */
async function setAside(tables: ITables, { room, person, alias }: IOwner, row: IRecordRow): Promise<void> {
  const { page, document, epoch } = row;
  const cells = row.edits > 0 ? await readUnsent(tables, row) : [];
  if (cells === null) {
    return;
  }
  if (cells.length > 0) {
    tables.texts.put({ room, person, alias, epoch, reason: 'epoch_mismatch', cells });
  }
  tables.records.delete(page);
  await drop(tables, document);
}

/** Make one record, this page's, of records of one epoch. */
async function join(tables: ITables, owner: IOwner, rows: readonly IRecordRow[]): Promise<ITakenRecord> {
  const [{ document, epoch }] = rows;
  const record: IRecord = {
    epoch,
    document,
    isBegun: true,
    edits: rows.reduce((sum, row) => sum + row.edits, 0),
    cells: [...new Set(rows.flatMap(row => row.cells))],
    clients: [...new Set([...rows].reverse().flatMap(row => row.clients))].slice(-MAX_CLIENTS)
  };
  rows.forEach(({ page }) => tables.records.delete(page));
  tables.records.put(rowOf(owner, record));
  for (const other of new Set(rows.map(row => row.document))) {
    if (other !== document) {
      (await tables.updates.where('document', other)).forEach(({ update }) => tables.updates.put({ document, update }));
      await drop(tables, other);
    }
  }
  const updates = (await tables.updates.where('document', document)).map(row => row.update);
  return { record, updates };
}
