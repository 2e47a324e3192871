import type { IRenderMime } from '@jupyterlab/rendermime';

import type { Loading } from './loading.js';

/**
 * The page's own sanitizer, and stricter: what others wrote calls no command of the page, and loads nothing of it.
 *
 * JupyterLab lets a button call any command, by attributes, and asks nobody where the notebook around it is trusted.
 */
export class SharedSanitizer implements IRenderMime.ISanitizer {
  /**
   * @param _page - The page's own, whose settings may change at any time.
   * @param _loading - What may be loaded.
   */
  constructor(
    private readonly _page: IRenderMime.ISanitizer,
    private readonly _loading: Loading
  ) {}

  readonly allowCommandLinker = false;

  get allowNamedProperties(): boolean {
    return this._page.allowNamedProperties ?? false;
  }

  getAutolink(): boolean {
    return this._page.getAutolink?.() ?? true;
  }

  sanitize(dirty: string, options?: IRenderMime.ISanitizerOptions): string {
    const clean = this._page.sanitize(HAS_SIZES.test(dirty) ? keepAddresses(dirty) : dirty, options);
    return MAYBE_HARMFUL.test(clean) ? this._clean(clean) : clean;
  }

  private _clean(html: string): string {
    // What is in a template loads nothing and runs nothing.
    const template = document.createElement('template');
    template.innerHTML = html;
    removeData(template.content);
    this._loading.clean(template.content);
    return template.innerHTML;
  }
}

/** JupyterLab finds a headline by it; it does nothing when it is clicked. */
const HARMLESS_DATA = 'data-jupyter-id';

/** Attributes that may be harmful: most texts have none, and need not be parsed. */
const MAYBE_HARMFUL = /\b(?:data-|src=|srcset=|poster=|background=|style=)/i;

/** What may have addresses for screens of several sizes, which JupyterLab's sanitizer takes away. */
const HAS_SIZES = /\bsrcset\b/i;

/** Lets each picture without an address of its own have the first of those for screens of several sizes. */
function keepAddresses(html: string): string {
  const template = document.createElement('template');
  template.innerHTML = html;
  for (const node of template.content.querySelectorAll('[srcset]')) {
    const image = node.matches('img') ? node : node.closest('picture')?.querySelector('img');
    const [first] = (node.getAttribute('srcset') ?? '').trim().split(/,?\s/);
    if (first && image && !image.getAttribute('src')) {
      image.setAttribute('src', first);
    }
  }
  return template.innerHTML;
}

/** Removes the attributes that scripts of the page read. */
function removeData(root: ParentNode): void {
  for (const node of root.querySelectorAll('*')) {
    for (const name of node.getAttributeNames()) {
      if (name.startsWith('data-') && name !== HARMLESS_DATA) {
        node.removeAttribute(name);
      }
    }
  }
}
