/** The records of pages, and the documents that they point to; all is read and written within a transaction. */
import { UUID } from '@lumino/coreutils';
import * as Y from 'yjs';

import type { ITables } from './database.js';
import type { IKeptEdits } from './persistence.js';
import type { IKeptBy, IRecordRow } from './schema.js';
import { type IUnsentCell, readCells } from './unsent.js';

/** A room that was not opened for so long, and in which nothing is pending, is forgotten. */
const FORGET_MS = 30 * 24 * 3600 * 1000;

/** A page's record of a room, as it is to be written. */
export interface IRecord extends IKeptEdits {
  readonly epoch: string;
  readonly document: string;
  /** Whether it was written. */
  isBegun: boolean;
}

/** The page that has a room open, and for whom. */
export interface IOwner extends IKeptBy {
  readonly page: string;
  readonly room: string;
}

/** A record of a document that is not written, and without edits. */
export function newRecord(epoch: string, clients: number[] = []): IRecord {
  return { edits: 0, cells: [], clients, epoch, document: UUID.uuid4(), isBegun: false };
}

/** A record as it is written now. */
export function rowOf(owner: IOwner, { document, epoch, edits, cells, clients }: IRecord): IRecordRow {
  return { ...owner, document, epoch, edits, cells, clients, usedAt: Date.now() };
}

/** Whether somebody may take over what was kept for `kept`: it is the same person. */
export function isFor({ person, alias }: IKeptBy, kept: IKeptBy): boolean {
  return kept.person === person || (alias !== null && kept.alias === alias);
}

/** What was kept for somebody is for nobody else from now on, whatever they are called. */
export async function endAlias({ records, texts }: ITables, { person }: IKeptBy): Promise<void> {
  const isTheirs = (row: IKeptBy): boolean => row.person === person && row.alias !== null;
  (await records.all()).filter(isTheirs).forEach(row => records.put({ ...row, alias: null }));
  (await texts.all()).filter(isTheirs).forEach(row => texts.put({ ...row, alias: null }));
}

/** Updates of one document as one. */
export function mergeUpdates(updates: readonly Uint8Array[]): Uint8Array {
  return withDocument(updates, Y.encodeStateAsUpdate);
}

/** The text of a record's edits; null if what is kept of the document is not enough to read it. */
export async function readUnsent({ updates }: ITables, { document, cells }: IRecordRow): Promise<IUnsentCell[] | null> {
  const rows = await updates.where('document', document);
  return withDocument(
    rows.map(row => row.update),
    doc => {
      const isWhole = doc.store.pendingStructs === null && rows.length > 0;
      return isWhole ? readCells(doc, new Set(cells)) : null;
    }
  );
}

/** Delete a document, unless a record points to it. */
export async function drop({ records, updates }: ITables, document: string): Promise<void> {
  if ((await records.count('document', document)) === 0) {
    await updates.deleteWhere('document', document);
  }
}

/** Forget the rooms of which nothing is kept any more: what they are called says who was where. */
export async function forgetRoomsOfNobody({ rooms, records, texts }: ITables): Promise<void> {
  const kept = new Set([...(await records.all()), ...(await texts.all())].map(({ room }) => room));
  (await rooms.all()).filter(({ room }) => !kept.has(room)).forEach(({ room }) => rooms.delete(room));
}

/** Forget what nobody opened for long, but nothing that is pending. */
export async function forgetOldRooms(tables: ITables): Promise<void> {
  const isOld = ({ usedAt }: { usedAt: number }): boolean => usedAt < Date.now() - FORGET_MS;
  for (const { room } of (await tables.rooms.all()).filter(isOld)) {
    tables.rooms.delete(room);
  }
  for (const { page, document } of (await tables.records.all()).filter(row => row.edits === 0 && isOld(row))) {
    tables.records.delete(page);
    await drop(tables, document);
  }
}

function withDocument<T>(updates: readonly Uint8Array[], read: (doc: Y.Doc) => T): T {
  const doc = new Y.Doc();
  try {
    doc.transact(() => updates.forEach(update => Y.applyUpdate(doc, update)));
    return read(doc);
  } finally {
    doc.destroy();
  }
}
