const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return value;
});

/** A CRC-32, as zlib computes it, of bytes that come piece by piece. */
export class Crc32 {
  /** Of all that was added. */
  get value(): number {
    return (this._crc ^ 0xffffffff) >>> 0;
  }

  /** How many bytes were added. */
  get bytes(): number {
    return this._bytes;
  }

  add(bytes: Uint8Array): void {
    let crc = this._crc;
    for (const byte of bytes) {
      crc = TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
    }
    this._crc = crc;
    this._bytes += bytes.length;
  }

  private _crc = 0xffffffff;
  private _bytes = 0;
}

/** The CRC-32 of a text's UTF-8, as zlib computes it. */
export function crc32(text: string): number {
  const crc = new Crc32();
  crc.add(new TextEncoder().encode(text));
  return crc.value;
}
