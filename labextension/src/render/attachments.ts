import type { IAttachmentsModel } from '@jupyterlab/attachments';
import type { IRenderMime, IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { SVG, svgAddress } from './svgimage.js';

const SCHEME = 'attachment:';

/** What browsers show of a picture that cannot be one. */
const NO_PICTURE = 'data:,';

/**
 * A registry for a text cell with attachments, which shows SVG among them as pictures.
 *
 * JupyterLab refuses these, as a document of SVG may run scripts, and does not finish the text then.
 */
export function showAttachedSvg(rendermime: IRenderMimeRegistry, attachments: IAttachmentsModel): IRenderMimeRegistry {
  const clone: IRenderMimeRegistry['clone'] = options =>
    rendermime.clone({ ...options, resolver: options?.resolver && withSvg(options.resolver, attachments) });
  return Object.create(rendermime, { clone: { value: clone } }) as IRenderMimeRegistry;
}

function withSvg(resolver: IRenderMime.IResolver, attachments: IAttachmentsModel): IRenderMime.IResolver {
  const resolveUrl: IRenderMime.IResolver['resolveUrl'] = async (url, context) => {
    if (context?.tag !== 'img' || !url.startsWith(SCHEME)) {
      return resolver.resolveUrl(url, context);
    }
    const svg = attachments.get(url.slice(SCHEME.length))?.data[SVG];
    return svg === undefined ? url : svgAddress(svg);
  };
  const getDownloadUrl: IRenderMime.IResolver['getDownloadUrl'] = async path => {
    if (path.startsWith('data:')) {
      return path;
    }
    const address = resolver.getDownloadUrl(path);
    return path.startsWith(SCHEME) ? address.catch(() => NO_PICTURE) : address;
  };
  return Object.create(resolver, {
    resolveUrl: { value: resolveUrl },
    getDownloadUrl: { value: getDownloadUrl }
  }) as IRenderMime.IResolver;
}
