import type { IRenderMime } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';

/**
 * Keeps a browser from asking its viewer's server, with the viewer's cookies, for whatever others name as a picture.
 */
export class Loading {
  /**
   * @param _blobs - What the addresses of all begin with that the room itself keeps and that may be shown; `null` if
   *   that is not known.
   */
  constructor(
    private readonly _blobs: () => string | null,
    private readonly _trans: TranslationBundle
  ) {}

  /** Puts the addresses in place of what would load something that it may not. */
  clean(root: ParentNode): void {
    for (const node of root.querySelectorAll('[src], [poster], [style]')) {
      const addresses = [node.getAttribute('src'), node.getAttribute('poster')];
      const refused = addresses.find(address => address !== null && !this._may(address));
      if (typeof refused === 'string') {
        node.replaceWith(this._trans.__('[not loaded: %1]', refused));
      } else if (LOADING_STYLE.test(node.getAttribute('style') ?? '')) {
        node.removeAttribute('style');
      }
    }
  }

  /** A typesetter whose formulas load nothing either. */
  guard(typesetter: IRenderMime.ILatexTypesetter): IRenderMime.ILatexTypesetter {
    return {
      typeset: async node => {
        await typesetter.typeset(node);
        node.querySelectorAll('mjx-container').forEach(formula => this.clean(formula));
      }
    };
  }

  private _may(address: string): boolean {
    try {
      const { hostname, href } = new URL(address, document.baseURI);
      const blobs = this._blobs();
      return hostname !== location.hostname || (blobs !== null && href.startsWith(blobs));
    } catch {
      // What is no address is not asked for.
      return true;
    }
  }
}

/** A style with a picture from anywhere, or with escapes, behind which one could be. */
const LOADING_STYLE = /\\|\b(?:url|src|image|image-set)\((?!\s*["']?data:)/i;
