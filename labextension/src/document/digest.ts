import * as Y from 'yjs';

import { Crc32 } from '../crc.js';

const KEYS = ['id', 'cell_type', 'source'];

const ENCODER = new TextEncoder();

/**
 * A short text that two copies of a room's document have in common if the texts of their cells are the same.
 * `docs/wire.md` describes it; its Python twin is `digest.py`.
 */
export function digestOf(doc: Y.Doc): string {
  const crc = new Crc32();
  for (const cell of doc.getArray('cells')) {
    if (cell instanceof Y.Map) {
      for (const key of KEYS) {
        const text = ENCODER.encode(plainText(cell.get(key)));
        crc.add(ENCODER.encode(`${text.length}:`));
        crc.add(text);
      }
    }
  }
  return `${crc.value.toString(16).padStart(8, '0')}-${crc.bytes}`;
}

/** What is there as text; anything else counts as an empty one. */
function plainText(value: unknown): string {
  const isText = typeof value === 'string' || (value instanceof Y.Text && !(value instanceof Y.XmlText));
  return isText ? value.toString() : '';
}
