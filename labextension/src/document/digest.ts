import * as Y from 'yjs';

import { Crc32 } from '../text/crc.js';

const KEYS = ['id', 'cell_type', 'pos', 'source'];

const ENCODER = new TextEncoder();

/**
 * A short text that two copies of a room's document have in common if the texts of their cells are the same.
 * `docs/wire.md` describes it; its Python twin is `digest.py`.
 *
 * It is returned in the end, after a step for each cell. The document must not change in between.
 */
export function* digesting(doc: Y.Doc): Generator<void, string, void> {
  const whole = new Crc32();
  const checksum = new DataView(new ArrayBuffer(4));
  let bytes = 0;
  for (const cell of doc.getArray('cells')) {
    if (cell instanceof Y.Map) {
      const crc = cellDigest(cell);
      checksum.setUint32(0, crc.value);
      whole.add(new Uint8Array(checksum.buffer));
      bytes += crc.bytes;
      yield;
    }
  }
  return `${whole.value.toString(16).padStart(8, '0')}-${bytes}`;
}

/** The digest of a document, at once. */
export function digestOf(doc: Y.Doc): string {
  const steps = digesting(doc);
  let step = steps.next();
  while (step.done !== true) {
    step = steps.next();
  }
  return step.value;
}

function cellDigest(cell: Y.Map<unknown>): Crc32 {
  const texts = [...KEYS.map(key => plainText(cell.get(key))), cell.has('deleted') ? 'deleted' : ''];
  const crc = new Crc32();
  crc.add(ENCODER.encode(texts.map(text => `${text}\0`).join('')));
  return crc;
}

/** What is there as text; anything else counts as an empty one. */
function plainText(value: unknown): string {
  const isText = typeof value === 'string' || (value instanceof Y.Text && !(value instanceof Y.XmlText));
  return isText ? value.toString() : '';
}
