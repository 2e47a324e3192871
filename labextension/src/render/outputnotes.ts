import type { IRenderMime } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { ODD_OUTPUT, type Oddity } from '../document/showable.js';

/** The viewer's choice to trust a room. */
interface ITrust {
  readonly mayGrant: boolean;

  ask(): void;
}

function note(text: string): HTMLElement {
  const node = document.createElement('div');
  node.className = 'jc-HiddenOutput';
  node.append(text);
  return node;
}

/** Says that an output waits for trust, and asks for it where the viewer may give it. */
export function hiddenNote(trust: ITrust, trans: TranslationBundle): HTMLElement {
  if (!trust.mayGrant) {
    return note(trans.__('Output hidden: it could run scripts in this page.'));
  }
  const node = note(trans.__('Output hidden until you trust this room.'));
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'jc-Button';
  button.textContent = trans.__('Trust…');
  button.addEventListener('click', () => trust.ask());
  node.append(' ', button);
  return node;
}

/** Says why there is no interactive widget. */
export function widgetNote(trans: TranslationBundle): HTMLElement {
  return note(trans.__('Interactive widgets do not work in a room. Run this cell in a notebook of your own.'));
}

/** Offers to show an output of an extension's type. */
export function waitingNote(mimeType: string, show: () => void, trans: TranslationBundle): HTMLElement {
  const node = note(trans.__('Shown by an extension, which may stop this page: %1', mimeType));
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'jc-Button';
  button.textContent = labelOf(mimeType, trans);
  button.addEventListener('click', show);
  node.append(' ', button);
  return node;
}

function labelOf(mimeType: string, trans: TranslationBundle): string {
  if (/\bvega-?lite\b/.test(mimeType)) {
    return trans.__('Show this Vega-Lite chart');
  }
  if (/\bvega\b/.test(mimeType)) {
    return trans.__('Show this Vega chart');
  }
  return /\bplotly\b/.test(mimeType) ? trans.__('Show this Plotly chart') : trans.__('Show this output');
}

/** Says that a renderer does not work. */
export function failedNote(mimeType: string, error: unknown, trans: TranslationBundle): HTMLElement {
  return note(trans.__('This output cannot be shown: what shows “%1” failed (%2).', mimeType, String(error)));
}

/** Says of an output that is none what is wrong with it. */
export function oddNote(model: IRenderMime.IMimeModel, trans: TranslationBundle): HTMLElement {
  const words: Readonly<Record<Oddity, string>> = {
    output: trans.__('This output cannot be shown: it is empty or no output at all.'),
    type: trans.__('This output cannot be shown: it is of an unknown type.'),
    text: trans.__('This output cannot be shown: it has no text.'),
    data: trans.__('This output cannot be shown: it has no data.'),
    error: trans.__('This output cannot be shown: it is an error that does not say what went wrong.')
  };
  const oddity = model.data[ODD_OUTPUT];
  return note(words[typeof oddity === 'string' && Object.hasOwn(words, oddity) ? (oddity as Oddity) : 'output']);
}

/** Says that no more of a cell can be shown than its text, which may stand in the note. */
export function cellNote(error: unknown, text: HTMLElement | null, trans: TranslationBundle): HTMLElement {
  const node = note(trans.__('Of this cell only the text can be shown: what shows it failed (%1).', String(error)));
  node.append(text ?? '');
  return node;
}

/** A note in place of an output that cannot be shown here, with another form of it below if it has one. */
export class NotedOutput extends Widget implements IRenderMime.IRenderer {
  /**
   * @param _noteOf - What is said.
   * @param _fallback - What may be shown below.
   */
  constructor(
    private readonly _noteOf: (model: IRenderMime.IMimeModel) => HTMLElement,
    private readonly _fallback: (bundle: ReadonlyPartialJSONObject) => IRenderMime.IRenderer | null = () => null
  ) {
    super();
    this.addClass('jp-RenderedHTMLCommon');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._model = model;
    if (this._isReplaced) {
      // A renderer adds to the model what it drew.
      await this._shown?.renderModel(model);
      return;
    }
    this.node.replaceChildren(this._noteOf(model));
    await this._show(this._fallback(model.data), model);
  }

  /** Shows the output in another way, in place of the note. */
  async replace(renderer: IRenderMime.IRenderer): Promise<void> {
    if (this._model !== null) {
      this._isReplaced = true;
      this.node.replaceChildren();
      // The button that had the focus is gone.
      this.node.tabIndex = -1;
      this.node.focus();
      await this._show(renderer, this._model).catch((reason: unknown) => this.node.append(String(reason)));
    }
  }

  private async _show(renderer: IRenderMime.IRenderer | null, model: IRenderMime.IMimeModel): Promise<void> {
    this._shown?.dispose();
    this._shown = renderer;
    if (renderer !== null) {
      this.node.append(renderer.node);
      await renderer.renderModel(model);
    }
  }

  override dispose(): void {
    this._shown?.dispose();
    this._shown = null;
    super.dispose();
  }

  protected override onBeforeDetach(_msg: Message): void {
    this._shown?.node.remove();
  }

  private _model: IRenderMime.IMimeModel | null = null;
  private _isReplaced = false;
  private _shown: IRenderMime.IRenderer | null = null;
}
