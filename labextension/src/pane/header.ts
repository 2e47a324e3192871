import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import type { RoomNotebook } from '../document/roomnotebook.js';
import type { IKernelSpec } from '../rest/kernelapi.js';
import type { RoomsApi } from '../rest/roomsapi.js';
import type { Room } from '../rooms/room.js';
import { element, setText } from '../ui/dom.js';
import type { ICommandTarget } from './commands.js';
import { KernelBar } from './kernelbar.js';
import { LanguageSelect, type ILanguage } from './languages.js';
import { People, type IPeopleHost } from './people.js';
import { StatusChip } from './statuschip.js';
import { Title } from './title.js';
import { Toolbar } from './toolbar.js';

/** The pane that a header belongs to. */
export interface IHeaderHost extends ICommandTarget, IPeopleHost {
  readonly room: Room;

  /** Whether the document is shown, as far as this page has it. */
  readonly isDocumentShown: boolean;
}

/** What stands over the cells: title, state, role, people, language, and the buttons. */
export class Header {
  readonly node: HTMLElement;

  constructor(
    private readonly _host: IHeaderHost,
    api: RoomsApi,
    commands: CommandRegistry,
    languages: readonly ILanguage[],
    share: HTMLElement,
    private readonly _trans: TranslationBundle
  ) {
    const { room } = _host;
    const rename = async (title: string): Promise<void> => {
      await api.rename(room.id, title);
    };
    this._title = new Title(rename, message => _host.announce(message), _trans);
    this._chip = new StatusChip(_trans);
    this._people = new People(_host, _trans);
    this._toolbar = new Toolbar(commands, _trans);
    this._language = new LanguageSelect(languages, name => _host.execution.choose(name), _trans);
    this._kernel = new KernelBar(commands, _trans);
    this._titleLine = element(
      'div',
      'jc-Pane-titleLine',
      {},
      this._title.node,
      this._chip.node,
      this._role,
      this._people.node,
      share
    );
    this._tools = element('div', 'jc-Pane-toolLine', {}, this._toolbar.node, this._kernel.node, this._language.node);
    this.node = element('header', 'jc-Pane-header', {}, this._titleLine, this._tools, this._kernel.message);
  }

  /** Places something before the title. */
  set lead(node: HTMLElement | null) {
    if (node !== null) {
      this._titleLine.prepend(node);
    }
  }

  /** The kernels that the server has. */
  set kernels(specs: readonly IKernelSpec[]) {
    this._language.kernels = specs;
  }

  /** Shows the language of this document. */
  set document(document: RoomNotebook) {
    this._language.document = document;
  }

  showTitle(): void {
    const { room } = this._host;
    this._title.text = room.title || room.id;
  }

  /** Shows whether all is saved, the viewer's role, and what they may do. */
  showRights(): void {
    const { room, whyNotEdit, whyNotArrange, whyNotRun, isDocumentShown } = this._host;
    this._title.allow(this._whyNotRename());
    this._chip.show(room.status);
    this._showRole();
    this._toolbar.allow(whyNotEdit, whyNotArrange);
    this._language.allow(whyNotEdit, whyNotRun);
    this._kernel.allow(whyNotRun);
    this._tools.hidden = !isDocumentShown || room.status.kind === 'refused';
  }

  /** Shows who is here, and in which cells. */
  showPeople(): void {
    this._people.show(this._host.room.people);
  }

  /** Shows what runs. */
  showKernel(): void {
    this._kernel.show(this._host.room.kernel);
  }

  /** Shows what the notebook has cells for. */
  showCells(): void {
    const hasCode = this._host.notebook.widgets.some(cell => cell.model.type === 'code');
    this._language.node.hidden = this._kernel.node.hidden = !hasCode;
    this.showPeople();
    this.showActiveCell();
  }

  showActiveCell(): void {
    this._toolbar.cellType = this._host.notebook.activeCell?.model.type ?? null;
  }

  dispose(): void {
    this._language.dispose();
    this._kernel.dispose();
  }

  private _whyNotRename(): string | null {
    const { room } = this._host;
    if (room.status.kind === 'refused') {
      return this._trans.__('You are not in this room');
    }
    return room.capabilities.has('manage') ? null : this._trans.__('Only owners may rename this room');
  }

  private _showRole(): void {
    const { role } = this._host.room;
    const names: Record<string, string> = {
      viewer: this._trans.__('Viewer'),
      runner: this._trans.__('Runner'),
      writer: this._trans.__('Writer'),
      editor: this._trans.__('Editor'),
      owner: this._trans.__('Owner')
    };
    this._role.hidden = role === null;
    this._role.dataset.role = role ?? '';
    setText(this._role, role === null ? '' : names[role]);
    this._role.title = this._trans.__('Your role in this room');
  }

  private readonly _titleLine: HTMLElement;
  private readonly _tools: HTMLElement;
  private readonly _title: Title;
  private readonly _chip: StatusChip;
  private readonly _role = element('span', 'jc-Role');
  private readonly _people: People;
  private readonly _toolbar: Toolbar;
  private readonly _language: LanguageSelect;
  private readonly _kernel: KernelBar;
}
