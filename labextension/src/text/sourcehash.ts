import { toHexString } from 'lib0/buffer';
import { digest } from 'lib0/hash/sha256';

const HASH_BYTES = 16;
const ENCODER = new TextEncoder();

/** A source's hash, by which it is told from every other: half of the SHA-256 of its UTF-8, as the server has it. */
export function hashOf(source: string): string {
  return toHexString(digest(ENCODER.encode(source)).subarray(0, HASH_BYTES));
}
