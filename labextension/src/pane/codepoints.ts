/**
 * Where things stand in a text: editors count UTF-16 code units, kernels count code points.
 *
 * JupyterLab's own conversions (`Text` in its coreutils) leave every number as it is in JupyterLab 4.4.
 */

/** How many code points there are in the first `units` UTF-16 code units of a text. */
export function pointsIn(text: string, units: number): number {
  return Array.from(text.slice(0, units)).length;
}

/** How many UTF-16 code units the first `points` code points of a text take. */
export function unitsIn(text: string, points: number): number {
  return Array.from(text).slice(0, points).join('').length;
}
