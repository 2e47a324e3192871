import { JSONExt, type ReadonlyPartialJSONValue } from '@lumino/coreutils';

/** Whether two values of JSON are equal, whatever the order of their keys. */
export function isEqual<T extends object | string | null>(a: T, b: T): boolean {
  return JSONExt.deepEqual(a as ReadonlyPartialJSONValue, b as ReadonlyPartialJSONValue);
}
