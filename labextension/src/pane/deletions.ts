import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IDeletedCell, ILateCell } from '../document/roomnotebook.js';
import type { Room } from '../rooms/room.js';
import { button, element } from '../ui/dom.js';
import { focusIsNowhere, type NotebookView } from './notebook.js';
import { Workplace } from './workplace.js';

/** The pane whose viewer is told. */
export interface IDeletionsHost {
  readonly room: Room;
  readonly notebook: NotebookView;
  readonly whyNotEdit: string | null;
  announce(message: string): void;
  goTo(cellId: string): void;
}

/** Tells of cells that were deleted while somebody typed in them, and offers them back. */
export class Deletions {
  readonly node = element('div', 'jc-Notices-deletions');

  /** @param _say - Tells screen readers something. */
  constructor(
    private readonly _host: IDeletionsHost,
    private readonly _say: (message: string) => void,
    private readonly _trans: TranslationBundle
  ) {
    const { room, notebook } = _host;
    room.lateCellsChanged.connect(this.refresh, this);
    room.cellDeletedByOther.connect(this._hear, this);
    room.cellsKept.connect(this._tellKept, this);
    room.sharedModelChanged.connect(this._workplace.forget, this._workplace);
    this._workplace.lostChanged.connect(this.refresh, this);
    notebook.node.addEventListener('focusin', this._onFocus);
    notebook.node.addEventListener('keydown', this._goOn);
    notebook.node.addEventListener('pointerdown', this._goOn);
  }

  /** Shows what is to be told now. */
  refresh(): void {
    const { room, notebook, whyNotEdit } = this._host;
    const { lost } = this._workplace;
    if (lost !== null && notebook.cellById(lost.id) !== null) {
      this._workplace.forget();
      return;
    }
    const late = this._late();
    const gone = whyNotEdit === null && !late.some(({ id }) => id === lost?.id) ? lost : null;
    const shown = JSON.stringify([late, gone, whyNotEdit === null]);
    if (shown !== this._shown && !room.isDisposed) {
      this._shown = shown;
      this._show(late, gone);
    }
  }

  dispose(): void {
    const { room, notebook } = this._host;
    room.lateCellsChanged.disconnect(this.refresh, this);
    room.cellDeletedByOther.disconnect(this._hear, this);
    room.cellsKept.disconnect(this._tellKept, this);
    room.sharedModelChanged.disconnect(this._workplace.forget, this._workplace);
    notebook.node.removeEventListener('focusin', this._onFocus);
    notebook.node.removeEventListener('keydown', this._goOn);
    notebook.node.removeEventListener('pointerdown', this._goOn);
    this._workplace.dispose();
  }

  /** The cells with late text that concern the viewer: who may not edit can only copy what they typed. */
  private _late(): ILateCell[] {
    const { room, notebook, whyNotEdit } = this._host;
    const { onlyCell } = notebook;
    return room.lateCells.filter(
      ({ id }) => (onlyCell === null || id === onlyCell) && (whyNotEdit === null || room.sharedModel.wroteIn(id))
    );
  }

  private _show(late: readonly ILateCell[], gone: IDeletedCell | null): void {
    const hadFocus = this.node.contains(document.activeElement);
    const focused = this._buttons().findIndex(node => node === document.activeElement);
    const banners: HTMLElement[] = [];
    if (gone !== null) {
      banners.push(this._goneBanner(gone));
    }
    if (late.length > 0) {
      banners.push(this._lateBanner(late));
    }
    this.node.replaceChildren(...banners);
    this._buttons()[focused]?.focus();
    if (hadFocus && focusIsNowhere()) {
      this._takeFocus();
    }
    this._tell([...late.map(cell => this._lateTitle(cell)), ...(gone === null ? [] : [this._goneTitle(gone)])]);
  }

  /** Gives the focus to what is told, or back to the cells. */
  private _takeFocus(): void {
    const banner = this.node.firstElementChild;
    if (banner instanceof HTMLElement) {
      banner.focus({ preventScroll: true });
    } else {
      this._host.notebook.activate();
    }
  }

  /** Tells screen readers what was not there before. */
  private _tell(titles: readonly string[]): void {
    const news = titles.filter(title => !this._told.includes(title));
    this._told = titles;
    if (news.length > 0) {
      this._say(news.join(' '));
    }
  }

  private _buttons(): HTMLButtonElement[] {
    return [...this.node.querySelectorAll('button')];
  }

  private _goneBanner(gone: IDeletedCell): HTMLElement {
    const trans = this._trans;
    return element(
      'section',
      'jc-Banner jc-Gone',
      { 'aria-label': trans.__('Your cell was deleted'), tabindex: '-1' },
      element('p', '', {}, element('strong', '', {}, this._goneTitle(gone))),
      this._actions(gone.id, () => this._workplace.forget())
    );
  }

  private _lateBanner(late: readonly ILateCell[]): HTMLElement {
    const items = late.map(cell => this._lateItem(cell));
    return element(
      'section',
      'jc-Banner jc-Late',
      { 'aria-label': this._trans.__('Text in deleted cells'), tabindex: '-1' },
      element('ul', '', {}, ...items)
    );
  }

  private _lateItem(cell: ILateCell): HTMLElement {
    const trans = this._trans;
    const [first] = cell.source.trimStart().split('\n', 1);
    const { room, whyNotEdit } = this._host;
    const actions =
      whyNotEdit === null
        ? this._actions(cell.id, () => room.sharedModel.dismissLate(cell.id))
        : element('div', 'jc-Banner-actions', {}, this._copyButton(cell.source));
    return element(
      'li',
      '',
      {},
      element('p', '', {}, element('strong', '', {}, this._lateTitle(cell))),
      element(
        'details',
        'jc-Banner-text',
        {},
        element('summary', '', { title: trans.__('Show it') }, element('code', '', {}, first)),
        element('pre', '', { tabindex: '0' }, cell.source)
      ),
      actions
    );
  }

  private _actions(id: string, dismiss: () => void): HTMLElement {
    const trans = this._trans;
    const { room } = this._host;
    const restore = button({
      label: trans.__('Bring it back'),
      className: 'jc-mod-accept',
      onClick: () => {
        room.sharedModel.restoreLate(id);
        this._host.goTo(id);
        this._host.notebook.activate();
      }
    });
    const onDismiss = (): void => {
      dismiss();
      if (this._buttons().length === 0) {
        this._host.notebook.activate();
      }
    };
    return element('div', 'jc-Banner-actions', {}, restore, button({ label: trans.__('Dismiss'), onClick: onDismiss }));
  }

  private _copyButton(text: string): HTMLButtonElement {
    const onClick = (): void => {
      Clipboard.copyToSystem(text);
      this._host.announce(this._trans.__('Copied'));
    };
    return button({ label: this._trans.__('Copy'), onClick });
  }

  private _lateTitle({ by, into }: ILateCell): string {
    const trans = this._trans;
    if (into !== null) {
      return by === ''
        ? trans.__('A cell that was merged into another one was changed meanwhile.')
        : trans.__('A cell that %1 merged into another one was changed meanwhile.', by);
    }
    return by === ''
      ? trans.__('A cell that was deleted was changed meanwhile.')
      : trans.__('A cell that %1 deleted was changed meanwhile.', by);
  }

  private _goneTitle({ by }: IDeletedCell): string {
    const trans = this._trans;
    return by === ''
      ? trans.__('The cell that you were in was deleted.')
      : trans.__('%1 deleted the cell that you were in.', by);
  }

  private _hear(_room: Room, cell: IDeletedCell): void {
    this._workplace.hear(cell);
    if (this._workplace.lost === cell && focusIsNowhere()) {
      // The person who typed in the cell goes on with the question whether it is to come back.
      this._takeFocus();
    }
  }

  private _tellKept(): void {
    this._host.announce(this._trans.__('The cell stays: somebody else wrote in it.'));
  }

  private readonly _onFocus = ({ target }: FocusEvent): void => {
    const node = target instanceof Element ? target.closest('.cm-editor') : null;
    const cell = node === null ? undefined : this._host.notebook.widgets.find(widget => widget.node.contains(node));
    if (cell === undefined) {
      this._workplace.leave();
    } else {
      this._workplace.enter(cell.model.id);
    }
  };

  private readonly _goOn = (): void => this._workplace.goOn();

  private readonly _workplace = new Workplace();
  private _shown = '';
  private _told: readonly string[] = [];
}
