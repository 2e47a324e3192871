import {
  RenderMimeRegistry,
  standardRendererFactories,
  type IRenderMime,
  type IRenderMimeRegistry
} from '@jupyterlab/rendermime';
import { nullTranslator, type ITranslator, type TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';

import { ODD_OUTPUT } from '../document/showable.js';
import type { Loading } from './loading.js';
import { failedNote, hiddenNote, NotedOutput, oddNote, waitingNote, widgetNote } from './outputnotes.js';
import { SharedSanitizer } from './sanitizer.js';
import { SVG, svgImageFactory } from './svgimage.js';

/**
 * Whether the viewer at this page trusts the outputs of one room.
 *
 * It is a decision of this page's viewer: it is kept in the page only, and neither read from the shared document nor
 * written to it.
 */
export class RoomTrust {
  /** @param mayGrant - Whether the viewer has that choice here. */
  constructor(readonly mayGrant = true) {}

  get trusted(): boolean {
    return this._trusted;
  }

  /** Emitted when the viewer has decided. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted when the viewer asks, in an output, for what is hidden there. */
  get asked(): ISignal<this, void> {
    return this._asked;
  }

  grant(): void {
    if (this.mayGrant && !this._trusted) {
      this._trusted = true;
      this._changed.emit();
    }
  }

  ask(): void {
    this._asked.emit();
  }

  private _trusted = false;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _asked = new Signal<this, void>(this);
}

/**
 * The renderers of a page, held to the trust that its viewer has in one room.
 *
 * Everything that a cell shows is rendered through its registry. So trust is decided here, and whatever a cell's
 * model says of itself (JupyterLab takes it from the metadata in the document, which any peer may write) does not
 * count. An output that only an unsafe renderer could show leaves a placeholder that says so. One that only an
 * extension could show, which may hang on what it is given, waits for a click.
 */
export class RoomRenderMime extends RenderMimeRegistry {
  /**
   * @param source - The page's own renderers, as they are now; later additions to them are not seen.
   * @param trust - The viewer's decision.
   * @param loading - What texts and outputs may load.
   */
  constructor(
    source: IRenderMimeRegistry,
    trust: RoomTrust,
    loading: Loading,
    translator: ITranslator = nullTranslator
  ) {
    super({
      sanitizer: new SharedSanitizer(source.sanitizer, loading),
      resolver: source.resolver ?? undefined,
      linkHandler: source.linkHandler ?? undefined,
      latexTypesetter: source.latexTypesetter ? loading.guard(source.latexTypesetter) : undefined,
      markdownParser: source.markdownParser ?? undefined,
      translator,
      ...guardedTrustHandler(source, trust)
    });
    this._trust = trust;
    this._trans = translator.load('jupyter_collab');
    for (const mimeType of source.mimeTypes) {
      const factory = source.getFactory(mimeType);
      if (factory !== undefined) {
        this.addFactory(forOneType(factory, mimeType), source.getRank(mimeType));
        // Of a widget there is a note of ours.
        if (!CORE.has(mimeType) && mimeType !== WIDGET) {
          this._foreign.add(mimeType);
        }
      }
    }
    this.addFactory(svgImageFactory, source.getRank(SVG));
    this.addFactory(
      {
        safe: true,
        mimeTypes: [WIDGET],
        createRenderer: () =>
          new NotedOutput(
            () => widgetNote(this._trans),
            bundle => this._fallback(without(bundle, WIDGET))
          )
      },
      WIDGET_RANK
    );
    const createRenderer = (): IRenderMime.IRenderer => new NotedOutput(model => oddNote(model, this._trans));
    this.addFactory({ safe: true, mimeTypes: [ODD_OUTPUT], createRenderer }, 0);
  }

  /**
   * The type to show of an output.
   *
   * @param safe - Ignored: the viewer's trust decides.
   */
  override preferredMimeType(
    bundle: ReadonlyPartialJSONObject,
    _safe?: 'ensure' | 'prefer' | 'any'
  ): string | undefined {
    const best = super.preferredMimeType(bundle, 'any');
    if (this._trust.trusted || best === undefined || this._isPlain(best)) {
      return best;
    }
    return this.getFactory(best)?.safe ? WAITING : HIDDEN;
  }

  override createRenderer(mimeType: string): IRenderMime.IRenderer {
    if (mimeType === HIDDEN) {
      return new NotedOutput(
        () => hiddenNote(this._trust, this._trans),
        bundle => this._fallback(bundle)
      );
    }
    if (mimeType === WAITING) {
      return this._createWaiting();
    }
    let renderer: IRenderMime.IRenderer;
    try {
      renderer = super.createRenderer(mimeType);
    } catch (error) {
      // An extension's renderer must not cost the whole notebook.
      return new NotedOutput(() => failedNote(mimeType, error, this._trans));
    }
    const render = renderer.renderModel.bind(renderer);
    renderer.renderModel = async model => {
      // Markdown runs no scripts in JupyterLab's own notebooks either.
      const trusted = this._trust.trusted && mimeType !== 'text/markdown';
      await render(new JudgedModel(model, trusted));
      if (!trusted && mimeType === 'text/html' && isBlank(renderer.node)) {
        renderer.node.append(hiddenNote(this._trust, this._trans));
      }
    };
    return renderer;
  }

  /** What may be shown in place of an output that is hidden. */
  private _fallback(bundle: ReadonlyPartialJSONObject): IRenderMime.IRenderer | null {
    const mimeType = super.preferredMimeType(bundle, 'ensure');
    if (mimeType === undefined) {
      return null;
    }
    return this.createRenderer(this._isPlain(mimeType) ? mimeType : WAITING);
  }

  /** Shows what JupyterLab itself can show, until the viewer wants more. What they wanted is not remembered. */
  private _createWaiting(): IRenderMime.IRenderer {
    const waiting = new NotedOutput(
      ({ data }) => {
        const mimeType = super.preferredMimeType(data, 'ensure') ?? '';
        return waitingNote(mimeType, () => void waiting.replace(this.createRenderer(mimeType)), this._trans);
      },
      bundle => {
        const plain = Object.entries(bundle).filter(([mimeType]) => this._isPlain(mimeType));
        const mimeType = super.preferredMimeType(Object.fromEntries(plain), 'ensure');
        return mimeType === undefined ? null : this.createRenderer(mimeType);
      }
    );
    return waiting;
  }

  /** Whether a type may be shown without asking. */
  private _isPlain(mimeType: string): boolean {
    return this.getFactory(mimeType)?.safe === true && !this._foreign.has(mimeType);
  }

  /** Types that an extension shows. */
  private readonly _foreign = new Set<string>();
  private readonly _trust: RoomTrust;
  private readonly _trans: TranslationBundle;
}

/** Stands for the type of an output that may not be shown. */
const HIDDEN = 'application/vnd.jupyter-collab.hidden';

/** Stands for the type of an output that waits for a click. */
const WAITING = 'application/vnd.jupyter-collab.waiting';

/** What JupyterLab itself shows, and what is hidden without trust. All else is an extension's. */
const CORE: ReadonlySet<string> = new Set([
  ...standardRendererFactories.flatMap(({ mimeTypes }) => mimeTypes),
  'application/json'
]);

/** What shows a widget of ipywidgets, which would have to talk to its kernel; a room's pages do not. */
const WIDGET = 'application/vnd.jupyter.widget-view+json';

/** Anything but plain text, which comes at 120, says more than a note. */
const WIDGET_RANK = 119;

function without(bundle: ReadonlyPartialJSONObject, mimeType: string): ReadonlyPartialJSONObject {
  return Object.fromEntries(Object.entries(bundle).filter(([key]) => key !== mimeType));
}

function forOneType(factory: IRenderMime.IRendererFactory, mimeType: string): IRenderMime.IRendererFactory {
  return {
    safe: factory.safe,
    mimeTypes: [mimeType],
    createRenderer: options => factory.createRenderer(options)
  };
}

/** JupyterLab marks trusted parts of the page, from where commands may be called; our own page has no commands. */
function guardedTrustHandler(
  source: IRenderMimeRegistry,
  trust: RoomTrust
): Pick<RenderMimeRegistry.IOptions, 'trustHandler'> {
  const handler = source.trustHandler;
  if (!handler) {
    return {};
  }
  return {
    trustHandler: {
      markTrusted: node => (trust.trusted ? handler.markTrusted(node) : handler.unmarkTrusted(node)),
      unmarkTrusted: node => handler.unmarkTrusted(node)
    }
  };
}

/** A model with our word on its trust in place of its own. */
class JudgedModel implements IRenderMime.IMimeModel {
  constructor(
    private readonly _model: IRenderMime.IMimeModel,
    readonly trusted: boolean
  ) {}

  get data(): ReadonlyPartialJSONObject {
    return this._model.data;
  }

  get metadata(): ReadonlyPartialJSONObject {
    return this._model.metadata;
  }

  setData(options: IRenderMime.IMimeModel.ISetDataOptions): void {
    this._model.setData(options);
  }
}

/** Whether HTML that lost its scripts shows nothing at all. */
function isBlank(node: HTMLElement): boolean {
  return node.innerText.trim() === '' && node.querySelector('img, svg, canvas, video, audio, table, hr') === null;
}
