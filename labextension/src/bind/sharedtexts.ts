import { MarkdownCell, type Cell } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import { MimeModel, RenderedCommon, type IRenderMime } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';

import { Loading } from '../render/loading.js';
import { SharedSanitizer } from '../render/sanitizer.js';
import { readLink, type OwnCell } from './metadata.js';

const MARKDOWN = 'text/markdown';

/**
 * Renders the bound text cells of a notebook as what others wrote, although the notebook around them may be trusted.
 *
 * Whether a cell is bound is asked when its text is cleaned, so that not even the first look at it is another. All
 * other cells are rendered as they were.
 */
export class SharedTexts {
  constructor(
    private readonly _notebook: Notebook,
    trans: TranslationBundle
  ) {
    this._loading = new Loading(() => null, trans);
    const listening = this._loading.listen();
    _notebook.disposed.connect(() => listening.dispose());
    const { rendermime } = _notebook;
    const factory = rendermime.getFactory(MARKDOWN);
    if (factory !== undefined) {
      const createRenderer = (options: IRenderMime.IRendererOptions): IRenderMime.IRenderer => {
        const renderer = factory.createRenderer({ ...options, ...this._choose(options, () => renderer) });
        return renderer;
      };
      const { safe } = factory;
      rendermime.addFactory({ safe, mimeTypes: [MARKDOWN], createRenderer }, rendermime.getRank(MARKDOWN));
    }
    // In another view of a notebook that is open already.
    for (const cell of _notebook.widgets) {
      if (cell instanceof MarkdownCell && cell.renderer instanceof RenderedCommon) {
        Object.assign(
          cell.renderer,
          this._choose(cell.renderer, () => cell.renderer)
        );
      }
    }
  }

  /** Parts of a renderer that are the stricter ones as long as its cell is bound. */
  private _choose(own: IParts, renderer: () => IRenderMime.IRenderer): IParts {
    const shared = new SharedSanitizer(own.sanitizer, this._loading);
    const sanitize: IRenderMime.ISanitizer['sanitize'] = (dirty, options) =>
      (this._isShared(renderer()) ? shared : own.sanitizer).sanitize(dirty, options);
    const { latexTypesetter } = own;
    const guarded = latexTypesetter && this._loading.guard(latexTypesetter);
    return {
      sanitizer: Object.create(own.sanitizer, { sanitize: { value: sanitize } }) as IRenderMime.ISanitizer,
      latexTypesetter: latexTypesetter && {
        typeset: node => (this._isShared(renderer()) ? guarded : latexTypesetter)?.typeset(node)
      }
    };
  }

  private _isShared(renderer: IRenderMime.IRenderer): boolean {
    const cell = this._notebook.widgets.find(cell => cell instanceof MarkdownCell && cell.renderer === renderer);
    return cell !== undefined && readLink(cell.model.sharedModel as OwnCell) !== null;
  }

  private readonly _loading: Loading;
}

/** What of a renderer is exchanged. */
type IParts = Pick<IRenderMime.IRendererOptions, 'sanitizer' | 'latexTypesetter'>;

/** Renders a text again that was rendered in the other way; a cell itself does not render the same text twice. */
export function renderAgain(cell: Cell): void {
  const source = cell.model.sharedModel.getSource();
  if (cell instanceof MarkdownCell && source !== '') {
    cell.renderer.node.replaceChildren();
    void cell.renderer.renderModel(new MimeModel({ data: { [MARKDOWN]: source } }));
  }
}
