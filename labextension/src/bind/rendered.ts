import type { MarkdownCell } from '@jupyterlab/cells';
import { MimeModel, RenderedCommon, type IRenderMime } from '@jupyterlab/rendermime';
import type { IDisposable } from '@lumino/disposable';

import { SharedSanitizer } from '../sanitizer.js';

/**
 * Shows the rendered text of a bound cell as what others wrote, while the notebook around it may be trusted.
 *
 * The cell's own renderer stays; it has our sanitizer until this is disposed of.
 */
export class RenderedAsShared implements IDisposable {
  constructor(private readonly _cell: MarkdownCell) {
    const { renderer } = _cell;
    if (renderer instanceof RenderedCommon) {
      this._own = renderer.sanitizer;
      this._use(new SharedSanitizer(renderer.sanitizer));
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      if (this._own !== null && !this._cell.isDisposed) {
        this._use(this._own);
      }
    }
  }

  private _use(sanitizer: IRenderMime.ISanitizer): void {
    const { renderer, model } = this._cell;
    Object.assign(renderer, { sanitizer });
    const source = model.sharedModel.getSource();
    if (source !== '') {
      // The cell itself does not render the same text again.
      renderer.node.replaceChildren();
      void renderer.renderModel(new MimeModel({ data: { 'text/markdown': source } }));
    }
  }

  private _own: IRenderMime.ISanitizer | null = null;
  private _isDisposed = false;
}
