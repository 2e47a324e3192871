import type { IRenderMime } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { ODD_OUTPUT, type Oddity } from './document/showable.js';

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
    this._shown?.dispose();
    this.node.replaceChildren(this._noteOf(model));
    this._shown = this._fallback(model.data);
    if (this._shown !== null) {
      await this._shown.renderModel(model);
      this.node.append(this._shown.node);
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

  private _shown: IRenderMime.IRenderer | null = null;
}
