import type { TranslationBundle } from '@jupyterlab/translation';

import { element, setText } from '../ui/dom.js';

/** A room's title; those who may manage the room click it to change it. */
export class Title {
  readonly node = element('div', 'jc-Pane-titleBox');

  /**
   * @param rename - Gives the room a new title; rejects with an error whose message is for people.
   * @param onError - Gets that message.
   */
  constructor(
    private readonly _rename: (title: string) => Promise<void>,
    private readonly _onError: (message: string) => void,
    private readonly _trans: TranslationBundle
  ) {
    this._heading = element('button', 'jc-Pane-title', { type: 'button' });
    this._heading.addEventListener('click', () => this._edit());
    this.node.append(this._heading);
  }

  set text(text: string) {
    this._text = text;
    setText(this._heading, text);
  }

  /** @param why - Why the viewer cannot rename the room, or `null` if they can. */
  allow(why: string | null): void {
    this._heading.setAttribute('aria-disabled', `${why !== null}`);
    this._heading.title = why ?? this._trans.__('Rename this room');
  }

  private _edit(): void {
    if (this._heading.getAttribute('aria-disabled') === 'true') {
      return;
    }
    const input = element('input', 'jc-Pane-title jc-mod-editing', {
      type: 'text',
      maxlength: '200',
      'aria-label': this._trans.__('Title of this room')
    });
    input.value = this._text;
    this._heading.replaceWith(input);
    input.select();
    const finish = (keep: boolean): void => {
      // Taking the field out takes the focus out, which would finish a second time.
      input.onblur = null;
      input.replaceWith(this._heading);
      if (keep) {
        this._save(input.value.trim());
      }
    };
    input.onblur = () => finish(true);
    input.onkeydown = event => {
      if (event.key === 'Enter' || event.key === 'Escape') {
        event.preventDefault();
        finish(event.key === 'Enter');
        this._heading.focus();
      }
    };
  }

  private _save(title: string): void {
    if (title === '' || title === this._text) {
      return;
    }
    const before = this._text;
    this.text = title;
    this._rename(title).catch((error: Error) => {
      this.text = before;
      this._onError(error.message);
    });
  }

  private readonly _heading: HTMLButtonElement;
  private _text = '';
}
