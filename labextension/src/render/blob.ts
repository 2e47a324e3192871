import type { IRenderMime } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject, ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';

import { element } from '../ui/dom.js';

/** Stands in an output for what is too large for the document. */
export const BLOB_TYPE = 'application/vnd.jupyter-collab.blob+json';

/**
 * Shows a link to what is too large for the document. Only what has a digest is linked: an address in the document
 * would lead anywhere.
 *
 * @param urlOf - The address of what has a digest.
 */
export function blobRendererFactory(
  urlOf: (digest: string) => string,
  trans: TranslationBundle
): IRenderMime.IRendererFactory {
  return {
    safe: true,
    mimeTypes: [BLOB_TYPE],
    createRenderer: () => new BlobLink(urlOf, trans)
  };
}

class BlobLink extends Widget implements IRenderMime.IRenderer {
  constructor(
    private readonly _urlOf: (digest: string) => string,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jc-Blob');
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const trans = this._trans;
    const words = model.data['text/plain'];
    this.node.replaceChildren(typeof words === 'string' ? element('span', '', {}, words) : '');
    const first = model.data[BLOB_TYPE];
    const more = isObject(first) && Array.isArray(first.also) ? first.also : [];
    for (const blob of [first, ...more]) {
      const { digest, bytes, name } = isObject(blob) ? blob : {};
      if (typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest)) {
        const label = typeof name === 'string' && name !== '' ? name : trans.__('output');
        const size = typeof bytes === 'number' ? ` (${readableSize(bytes)})` : '';
        const href = this._urlOf(digest);
        const text = trans.__('Open %1', label) + size;
        this.node.append(element('a', '', { href, target: '_blank', rel: 'noopener' }, text));
      }
    }
    return Promise.resolve();
  }
}

/** "12 MB", in powers of 1,000. */
function readableSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return `${Math.round(bytes / 1000 ** power)} ${units[power]}`;
}

function isObject(value: ReadonlyPartialJSONValue | undefined): value is ReadonlyPartialJSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
