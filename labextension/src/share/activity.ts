import type { TranslationBundle } from '@jupyterlab/translation';

import type { IDeed } from '../rest/shareapi.js';
import { button, element } from '../ui/dom.js';
import { refill } from '../ui/sheet.js';
import type { ShareModel } from './model.js';
import { deedWords, momentWords } from './wording.js';

/** What was done in the room, newest first. */
export class Activity {
  readonly node: HTMLElement;

  /**
   * @param _fileName - What the file is to be called that all of it is saved as.
   */
  constructor(
    private readonly _model: ShareModel,
    private readonly _fileName: string,
    private readonly _trans: TranslationBundle
  ) {
    const trans = _trans;
    this._more = button({ label: trans.__('Show older'), onClick: () => void this._model.showMoreDeeds() });
    this._saveAll = button({ label: trans.__('Save all as CSV'), onClick: () => void this._save() });
    const actions = element('div', 'jc-Sheet-actions', {}, this._more, this._saveAll);
    this.node = element(
      'details',
      'jc-Share-history',
      {},
      element('summary', '', {}, trans.__('Activity')),
      this._list,
      actions
    );
  }

  refresh(): void {
    const { deeds, hasMoreDeeds } = this._model;
    if (!hasMoreDeeds && document.activeElement === this._more) {
      this._saveAll.focus();
    }
    this._more.hidden = !hasMoreDeeds;
    const shown = `${deeds.at(0)?.id} ${deeds.length}`;
    if (shown !== this._shown) {
      this._shown = shown;
      refill(this._list, ...deeds.map(deed => this._row(deed)));
    }
  }

  private _row(deed: IDeed): HTMLElement {
    const time = element('time', 'jc-Share-detail', { datetime: deed.at ?? '' }, momentWords(deed.at));
    const words = element('span', '', {}, element('b', '', {}, deed.display_name), ` ${deedWords(deed, this._trans)}`);
    return element('li', 'jc-Share-deed', {}, time, words);
  }

  private async _save(): Promise<void> {
    const file = await this._model.exportDeeds();
    if (file !== null) {
      const link = element('a', '', { download: this._fileName, href: URL.createObjectURL(file) });
      link.click();
      URL.revokeObjectURL(link.href);
    }
  }

  private readonly _list = element('ul', 'jc-Share-list');
  private readonly _more: HTMLButtonElement;
  private readonly _saveAll: HTMLButtonElement;
  private _shown = '';
}
