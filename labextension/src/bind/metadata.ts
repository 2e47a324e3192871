/** The link from a notebook's own cell to a room's cell, as the notebook's file has it. */
import type { YCodeCell, YMarkdownCell, YRawCell } from '@jupyter/ydoc';
import type { PartialJSONObject } from '@lumino/coreutils';
import { digest } from 'lib0/hash/sha256';

/** A cell of a notebook's shared model. */
export type OwnCell = YCodeCell | YMarkdownCell | YRawCell;

/** The key of a cell's metadata under which the link is. */
export const LINK_KEY = 'jupyter_collab';

export interface ILink {
  /** The room's id. */
  readonly room: string;
  /** The id of the cell in the room. */
  readonly cell: string;
  /** The SHA-256, in hex, of the text that the cell and the room's cell both had when the notebook was saved. */
  readonly base?: string;
  /** Texts that were in the file when the room had another one: its reader's to decide about. */
  readonly kept?: readonly string[];
}

const FIELDS: readonly string[] = ['room', 'cell', 'base', 'kept'] satisfies (keyof ILink)[];

/** The link of a cell, or `null` if it has none that can be read. */
export function readLink(cell: OwnCell): ILink | null {
  const { room, cell: id, base, kept } = fieldsOf(cell);
  if (typeof room !== 'string' || typeof id !== 'string' || room === '' || id === '') {
    return null;
  }
  const texts = Array.isArray(kept) ? kept.filter(text => typeof text === 'string') : [];
  return {
    room,
    cell: id,
    ...(typeof base === 'string' && { base }),
    ...(texts.length > 0 && { kept: texts })
  };
}

/** Gives a cell a link, in place of the one that it has. */
export function writeLink(cell: OwnCell, link: ILink): void {
  const { room, cell: id, base, kept } = link;
  const texts = kept !== undefined && kept.length > 0 ? { kept: [...kept] } : {};
  const fields = { ...othersOf(cell), room, cell: id, ...(base !== undefined && { base }), ...texts };
  cell.setMetadata(LINK_KEY, fields);
}

/** Takes the link from a cell; its text stays. */
export function removeLink(cell: OwnCell): void {
  const others = othersOf(cell);
  if (Object.keys(others).length > 0) {
    cell.setMetadata(LINK_KEY, others);
  } else {
    cell.deleteMetadata(LINK_KEY);
  }
}

/** The metadata of a cell without its link. */
export function metadataWithoutLink(cell: OwnCell): PartialJSONObject {
  const all = Object.entries(cell.getMetadata() as PartialJSONObject);
  const metadata = Object.fromEntries(all.filter(([key]) => key !== LINK_KEY));
  const others = othersOf(cell);
  return Object.keys(others).length > 0 ? { ...metadata, [LINK_KEY]: others } : metadata;
}

/** What a link says of a text, to know it again. */
export function hashOf(text: string): string {
  const bytes = digest(new TextEncoder().encode(text));
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

function fieldsOf(cell: OwnCell): PartialJSONObject {
  const value = cell.getMetadata(LINK_KEY);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

/** What others keep under the same key. */
function othersOf(cell: OwnCell): PartialJSONObject {
  return Object.fromEntries(Object.entries(fieldsOf(cell)).filter(([field]) => !FIELDS.includes(field)));
}
