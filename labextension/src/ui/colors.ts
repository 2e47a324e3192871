/** Whether a value is a colour as `#rrggbb`, the only form that presence carries. */
export function isHexColor(value: unknown): value is string {
  return typeof value === 'string' && /^#[0-9a-f]{6}$/i.test(value);
}

/**
 * Black or white, whichever reads better on a colour: the one with the higher contrast ratio as WCAG 2 defines it.
 *
 * @param color - `#rrggbb`; anything else counts as dark.
 */
export function readableOn(color: string): '#000000' | '#ffffff' {
  // The contrast with white is 1.05 / (L + 0.05), with black (L + 0.05) / 0.05: equal at L = 0.179.
  return luminance(color) > 0.179 ? '#000000' : '#ffffff';
}

function luminance(color: string): number {
  if (!isHexColor(color)) {
    return 0;
  }
  const [red, green, blue] = [1, 3, 5]
    .map(start => parseInt(color.slice(start, start + 2), 16) / 255)
    .map(part => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
