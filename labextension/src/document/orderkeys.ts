/** The keys by which the cells of a room are ordered: npm's and PyPI's `fractional-indexing`, with a suffix. */
import { BASE_62_DIGITS, generateKeyBetween } from 'fractional-indexing';

const SHAPE = /^[0-9A-Za-z]{2,1000}$/;

/** Whether a value is a key that every replica can order by. */
export function isOrderKey(value: unknown): value is string {
  if (typeof value !== 'string' || !SHAPE.test(value)) {
    return false;
  }
  try {
    generateKeyBetween(value, null);
    return true;
  } catch {
    return false;
  }
}

/**
 * A key between two others, which no other client makes.
 *
 * @param after - The key before it; `null`: there is none.
 * @param before - The key behind it, greater than `after`; `null`: there is none.
 * @param client - The Yjs client id of the writer.
 */
export function keyBetween(after: string | null, before: string | null, client: number): string {
  const suffix = clientSuffix(client);
  let key = generateKeyBetween(after, before);
  while (before !== null && key + suffix >= before) {
    key = generateKeyBetween(key, before);
  }
  return key + suffix;
}

/** As many keys as asked for, in order, between two others. */
export function keysBetween(after: string | null, before: string | null, count: number, client: number): string[] {
  if (count <= 0) {
    return [];
  }
  if (before === null) {
    const keys: string[] = [];
    for (let last = after; keys.length < count; last = keys[keys.length - 1]) {
      keys.push(keyBetween(last, null, client));
    }
    return keys;
  }
  const [left, right] = [Math.floor((count - 1) / 2), Math.ceil((count - 1) / 2)];
  const middle = keyBetween(after, before, client);
  return [...keysBetween(after, middle, left, client), middle, ...keysBetween(middle, before, right, client)];
}

/** A client id in base 62, the least digit first: keys must not end with a zero. */
function clientSuffix(client: number): string {
  let suffix = '';
  for (let rest = client; rest > 0; rest = Math.floor(rest / 62)) {
    suffix += BASE_62_DIGITS[rest % 62];
  }
  return suffix || '1';
}
