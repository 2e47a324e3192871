import { encode } from 'uqr';

const SVG = 'http://www.w3.org/2000/svg';

/** White around the code, in modules: what the standard asks for (ISO/IEC 18004, 4 modules). */
const QUIET_MODULES = 4;

/** A QR code as a drawing: black on white in any theme, as scanners want it. */
export function qrCode(text: string, label: string): SVGSVGElement {
  const { data, size } = encode(text, { border: QUIET_MODULES });
  const dots = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')));
  const svg = draw('svg', { viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': label, class: 'jc-QR' });
  svg.append(
    draw('rect', { width: `${size}`, height: `${size}`, fill: '#fff' }),
    draw('path', { d: dots.join(''), fill: '#000', 'shape-rendering': 'crispEdges' })
  );
  return svg;
}

function draw<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>>
): SVGElementTagNameMap[K] {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  return node;
}
