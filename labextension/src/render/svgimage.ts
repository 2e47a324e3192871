import type { IRenderMime } from '@jupyterlab/rendermime';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';

export const SVG = 'image/svg+xml';

/** Shows SVG as a picture, in which browsers run nothing and load nothing, and never as a part of the page. */
export const svgImageFactory: IRenderMime.IRendererFactory = {
  safe: true,
  mimeTypes: [SVG],
  createRenderer: () => new SvgImage()
};

class SvgImage extends Widget implements IRenderMime.IRenderer {
  constructor() {
    super();
    this.addClass('jp-RenderedSVG');
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const source = textOf(model.data[SVG]);
    const image = new Image();
    image.alt = nameOf(source);
    image.src = svgAddress(source);
    this.node.replaceChildren(image);
    const { unconfined } = (model.metadata[SVG] ?? {}) as { unconfined?: unknown };
    this.toggleClass('jp-mod-unconfined', unconfined === true);
    return Promise.resolve();
  }
}

/** The address of a picture; of attachments it may be kept in base64. */
export function svgAddress(value: ReadonlyPartialJSONValue): string {
  const source = textOf(value);
  return source.includes('<')
    ? `data:${SVG},${encodeURIComponent(withNamespace(source))}`
    : `data:${SVG};base64,${source}`;
}

/** Programs often leave the namespace out, without which it is no picture. */
function withNamespace(source: string): string {
  return /<svg[^>]+xmlns=/.test(source) ? source : source.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"');
}

/** What the picture says that it shows. It is not parsed as a whole: a page complains of handlers in it. */
function nameOf(source: string): string {
  const [, , label] = /<svg\b[^>]*?\saria-label=(["'])([^<]*?)\1/.exec(source) ?? [];
  const [, title] = /<title\b[^>]*>([^<]*)</.exec(source) ?? [];
  const words = new DOMParser().parseFromString(label ?? title ?? '', 'text/html');
  return (words.body.textContent ?? '').trim();
}

function textOf(value: ReadonlyPartialJSONValue | undefined): string {
  return Array.isArray(value) ? value.join('') : String(value);
}
