import {
  DOMWidgetModel,
  DOMWidgetView,
  IJupyterWidgetRegistry,
  JupyterLuminoPanelWidget,
  type IWidgetRegistryData
} from '@jupyter-widgets/base';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { ITranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import type { RoomPane } from '../pane/pane.js';
import { element } from '../ui/dom.js';
import { OwnKernelRuns, type IHost } from './ownkernel.js';

export { IJupyterWidgetRegistry };

/** The module and its version, as the Python side names them in `_model_module` and `_model_module_version`. */
const MODULE = { name: 'jupyter-collab', version: '0.1.0' } as const;

/** What the Python side says of the pane that it wants. */
export interface IWanted {
  readonly room: string;
  /** The only cell to show, by its id, or by its index where the Python side has not told the id; `null` for all. */
  readonly cell: number | string | null;
  /** A lower role than one has, or `null`. */
  readonly role: string | null;
}

/** What the two sides have in common: the Python side's traits. */
interface ISynchronised extends Omit<IWanted, 'room'> {
  readonly room_id: string;
  readonly cell_id: string | null;
}

/** Joins a room and shows it; leaves it when the widget is disposed of. */
export type PaneFactory = (wanted: IWanted) => RoomPane;

/** What the page has for every view. */
export interface IPageServices {
  readonly createPane: PaneFactory;
  /** For notebooks whose widget manager has none of its own. */
  readonly rendermime: IRenderMimeRegistry;
  readonly translator: ITranslator;
}

/**
 * The Python side's `SharedEditor`. Only what to show is synchronised: texts travel through the room, not the kernel.
 */
export class SharedEditorModel extends DOMWidgetModel {
  override defaults(): ReturnType<DOMWidgetModel['defaults']> {
    return {
      ...super.defaults(),
      _model_module: MODULE.name,
      _model_module_version: `^${MODULE.version}`,
      _model_name: 'SharedEditorModel',
      _view_module: MODULE.name,
      _view_module_version: `^${MODULE.version}`,
      _view_name: 'SharedEditorView',
      room_id: '',
      cell: null,
      cell_id: null,
      role: null,
      height: 'auto'
    };
  }
}

/** What ipywidgets is to know: our module's models and views. */
export function widgetRegistration(services: IPageServices): IWidgetRegistryData {
  class SharedEditorView extends BaseView {
    protected override readonly services = services;
  }
  return { ...MODULE, exports: { SharedEditorModel, SharedEditorView } };
}

/** The keys and clicks that a notebook around us would take as meant for it, although they happen in our pane. */
const OURS = ['keydown', 'mousedown', 'dblclick', 'focusin', 'focusout', 'contextmenu'] as const;

/** A pane in the output of a cell. */
abstract class BaseView extends DOMWidgetView {
  declare luminoWidget: JupyterLuminoPanelWidget;

  override render(): void {
    super.render();
    this.el.classList.add('jc-SharedEditor');
    OURS.forEach(type => this.el.addEventListener(type, event => event.stopPropagation()));
    this.listenTo(this.model, 'change:room_id change:cell change:cell_id change:role', () => this._showPane());
    this.listenTo(this.model, 'change:height', () => this._setHeight());
    this._showPane();
    this._setHeight();
  }

  protected abstract readonly services: IPageServices;

  /**
   * As for the boxes of ipywidgets: a Lumino panel, so that the pane is told when it is shown, resized and removed.
   */
  override _createElement(_tagName: string): HTMLElement {
    this.luminoWidget = new JupyterLuminoPanelWidget({ view: this });
    return this.luminoWidget.node;
  }

  override _setElement(el: HTMLElement): void {
    if (el !== this.luminoWidget.node) {
      throw new Error('The element of this view cannot be replaced.');
    }
    this.el = el;
  }

  private _showPane(): void {
    this._shown.forEach(widget => widget.dispose());
    const { room_id: room, cell, cell_id: cellId, role } = this.model.attributes as ISynchronised;
    if (room === '') {
      this._shown = [new Widget({ node: element('p', '', {}, 'SharedEditor: no room') })];
    } else {
      const { createPane, translator } = this.services;
      const pane = createPane({ room, cell: cellId ?? cell, role });
      this._shown = [pane, new OwnKernelRuns(pane, this._host(), translator)];
    }
    this._shown.forEach(widget => this.luminoWidget.addWidget(widget));
  }

  /** The notebook around, as JupyterLab's widget managers tell of it. */
  private _host(): IHost {
    const manager = this.model.widget_manager as Partial<IHost>;
    const { rendermime } = this.services;
    return {
      get kernel() {
        return manager.kernel ?? null;
      },
      rendermime: manager.rendermime ?? rendermime
    };
  }

  private _setHeight(): void {
    const height = String(this.model.get('height') ?? 'auto');
    this.el.style.setProperty('--jc-height', height);
    this.el.classList.toggle('jc-mod-fixedHeight', height !== 'auto');
  }

  private _shown: readonly Widget[] = [];
}
