import type { IDisposable } from '@lumino/disposable';
import * as Y from 'yjs';

import { Crc32 } from '../crc.js';

const KEYS = ['id', 'cell_type', 'pos', 'source'];

const ENCODER = new TextEncoder();

/** The CRC-32 of a cell's texts, and how many bytes these texts have. */
interface ICellDigest {
  checksum: number;
  bytes: number;
}

/**
 * A short text that two copies of a room's document have in common if the texts of their cells are the same.
 * `docs/wire.md` describes it; its Python twin is `digest.py`.
 *
 * Only cells that changed since it was read last are read again.
 */
export class DocumentDigest implements IDisposable {
  constructor(doc: Y.Doc) {
    this._cells = doc.getArray('cells');
    this._cells.observeDeep(this._onChange);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The digest of the document as it is now. */
  read(): string {
    const digests = this._cells.map(cell => (cell instanceof Y.Map ? this._digestOf(cell) : null)).filter(isThere);
    const checksums = new DataView(new ArrayBuffer(4 * digests.length));
    digests.forEach(({ checksum }, index) => checksums.setUint32(4 * index, checksum));
    const crc = new Crc32();
    crc.add(new Uint8Array(checksums.buffer));
    const bytes = digests.reduce((sum, digest) => sum + digest.bytes, 0);
    return `${crc.value.toString(16).padStart(8, '0')}-${bytes}`;
  }

  /** Read all cells again: they may be others although no change was told. */
  forget(): void {
    this._known = new WeakMap();
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._cells.unobserveDeep(this._onChange);
    }
  }

  private _digestOf(cell: Y.Map<unknown>): ICellDigest {
    let known = this._known.get(cell);
    if (known === undefined) {
      known = cellDigest(cell);
      this._known.set(cell, known);
    }
    return known;
  }

  private readonly _onChange = (events: Y.YEvent<Y.AbstractType<unknown>>[]): void => {
    for (const { target } of events) {
      let type: Y.AbstractType<unknown> | null = target;
      while (type !== null && type.parent !== this._cells) {
        type = type.parent;
      }
      if (type !== null) {
        this._known.delete(type);
      }
    }
  };

  private readonly _cells: Y.Array<unknown>;
  private _known = new WeakMap<object, ICellDigest>();
  private _isDisposed = false;
}

function cellDigest(cell: Y.Map<unknown>): ICellDigest {
  const texts = [...KEYS.map(key => plainText(cell.get(key))), cell.has('deleted') ? 'deleted' : ''];
  const crc = new Crc32();
  crc.add(ENCODER.encode(texts.map(text => `${text}\0`).join('')));
  return { checksum: crc.value, bytes: crc.bytes };
}

/** What is there as text; anything else counts as an empty one. */
function plainText(value: unknown): string {
  const isText = typeof value === 'string' || (value instanceof Y.Text && !(value instanceof Y.XmlText));
  return isText ? value.toString() : '';
}

function isThere<T>(value: T | null): value is T {
  return value !== null;
}
