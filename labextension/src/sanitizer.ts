import type { IRenderMime } from '@jupyterlab/rendermime';

/**
 * The page's own sanitizer, and stricter: what others wrote calls no command of the page.
 *
 * JupyterLab lets a button call any command, by attributes, and asks nobody where the notebook around it is trusted.
 */
export class SharedSanitizer implements IRenderMime.ISanitizer {
  /** @param _page - The page's own, whose settings may change at any time. */
  constructor(private readonly _page: IRenderMime.ISanitizer) {}

  readonly allowCommandLinker = false;

  get allowNamedProperties(): boolean {
    return this._page.allowNamedProperties ?? false;
  }

  getAutolink(): boolean {
    return this._page.getAutolink?.() ?? true;
  }

  sanitize(dirty: string, options?: IRenderMime.ISanitizerOptions): string {
    const clean = this._page.sanitize(dirty, options);
    return MAYBE_DATA.test(clean) ? withoutData(clean) : clean;
  }
}

/** JupyterLab finds a headline by it; it does nothing when it is clicked. */
const HARMLESS_DATA = 'data-jupyter-id';

/** Whether there may be such attributes: most texts have none, and need not be parsed. */
const MAYBE_DATA = /\bdata-/i;

/** HTML without the attributes that scripts of the page read. */
function withoutData(html: string): string {
  // What is in a template loads nothing and runs nothing.
  const template = document.createElement('template');
  template.innerHTML = html;
  for (const node of template.content.querySelectorAll('*')) {
    for (const name of node.getAttributeNames()) {
      if (name.startsWith('data-') && name !== HARMLESS_DATA) {
        node.removeAttribute(name);
      }
    }
  }
  return template.innerHTML;
}
