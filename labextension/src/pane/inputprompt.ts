import type { TranslationBundle } from '@jupyterlab/translation';

import { button, element } from '../ui/dom.js';
import type { IInputRequest } from '../wire/protocol.js';
import type { NotebookView } from './notebook.js';

/** Asks, in the cell that waits for it, for a line of text: whoever may run may answer. */
export class InputPrompt {
  /**
   * @param _answer - Gives a run its line; answers whether it took it.
   */
  constructor(
    private readonly _notebook: NotebookView,
    private readonly _answer: (run: number, value: string) => Promise<boolean>,
    private readonly _trans: TranslationBundle
  ) {}

  /**
   * @param request - What is asked for, or `null`.
   * @param whyNot - Why the viewer cannot answer, or `null` if they can.
   */
  show(request: IInputRequest | null, whyNot: string | null): void {
    const cell = request === null ? null : this._notebook.cellById(request.cell);
    const key = cell === null ? '' : JSON.stringify([request, whyNot]);
    if (key !== this._shown) {
      this._shown = key;
      this._form?.remove();
      this._form = request === null || cell === null ? null : this._makeForm(request, whyNot);
    }
    if (cell !== null && this._form !== null && this._form.parentNode !== cell.node) {
      cell.node.append(this._form);
    }
  }

  private _makeForm(request: IInputRequest, whyNot: string | null): HTMLFormElement {
    const trans = this._trans;
    const prompt = request.prompt.trim() || trans.__('The cell waits for a line of text');
    const input = element('input', 'jc-Input-line', {
      type: request.password ? 'password' : 'text',
      autocomplete: 'off',
      spellcheck: 'false',
      'aria-label': prompt
    });
    const send = button({ label: trans.__('Send'), className: 'jc-mod-accept', onClick: () => undefined });
    send.type = 'submit';
    input.disabled = send.disabled = whyNot !== null;
    const label = element('span', 'jc-Input-prompt', { role: 'status' }, prompt);
    const form = element('form', 'jc-Input', { title: whyNot ?? '' }, label, input, send);
    input.addEventListener('keydown', event => {
      if (event.key === 'Enter' && !event.isComposing) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    form.addEventListener('submit', event => {
      event.preventDefault();
      input.disabled = send.disabled = true;
      void this._answer(request.run, input.value).then(isTaken => {
        if (!isTaken) {
          input.disabled = send.disabled = whyNot !== null;
        }
      });
    });
    return form;
  }

  private _shown = '';
  private _form: HTMLFormElement | null = null;
}
