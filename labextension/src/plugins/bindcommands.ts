import { Clipboard, Notification, type ICommandPalette } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import type { NotebookBinder } from '../bind/binder.js';
import { joinCell, shareInNewRoom, shareInRoom, type ISharingHost } from '../bind/cellsharing.js';
import type { OwnCell } from '../bind/metadata.js';
import type { BoundNotebooks } from './boundnotebooks.js';
import { roomIcon } from './icons.js';
import { loudly } from './loudly.js';
import { askCell, askLink, askPlace } from './sharedialogs.js';
import { linkTo } from './tabs.js';

/** The commands on the active cell of the notebook in the current tab. */
export const BindCommandIDs = {
  share: 'jupyter-collab:share-cell',
  join: 'jupyter-collab:join-cell',
  unshare: 'jupyter-collab:unshare-cell',
  copyLink: 'jupyter-collab:copy-cell-link'
} as const;

/** JupyterLab's command that splits the active cell: what is behind the cursor keeps the cell, and its link. */
const SPLIT = 'notebook:split-cell-at-cursor';

/** The active cell, and the notebook that it is in. */
interface IPlaceInNotebook {
  readonly binder: NotebookBinder;
  readonly cell: OwnCell | null;
  /** The notebook's name. */
  readonly name: string;

  /** Makes another cell the active one, with the focus. */
  goTo(cell: OwnCell): void;
}

export function addBindCommands(
  commands: CommandRegistry,
  tracker: INotebookTracker,
  notebooks: BoundNotebooks,
  host: ISharingHost
): void {
  const { trans } = host;
  const here = (): IPlaceInNotebook | null => readPlace(tracker, notebooks);
  const boundRoom = (): string | null => {
    const place = here();
    return (place?.cell && place.binder.bindingOf(place.cell)?.room.id) ?? null;
  };
  const isCell = (): boolean => tracker.activeCell !== null;
  commands.addCommand(BindCommandIDs.share, {
    label: trans.__('Share This Cell…'),
    caption: trans.__('Share this cell: others see its text change, each runs it in a kernel of their own'),
    icon: roomIcon,
    isEnabled: isCell,
    execute: () => loudly(share(here(), host))
  });
  commands.addCommand(BindCommandIDs.join, {
    label: trans.__('Join a Shared Cell…'),
    caption: trans.__('Put a cell into this notebook that is kept the same as that of a room'),
    isEnabled: () => tracker.currentWidget !== null,
    execute: () => loudly(join(here(), host))
  });
  commands.addCommand(BindCommandIDs.unshare, {
    label: trans.__('Stop Sharing This Cell'),
    caption: trans.__('Keep the text here and in the room, and let them go their own ways'),
    isEnabled: () => boundRoom() !== null,
    execute: () => {
      const place = here();
      if (place?.cell) {
        place.binder.unbind(place.cell);
      }
    }
  });
  commands.addCommand(BindCommandIDs.copyLink, {
    label: trans.__('Copy Link to This Shared Cell'),
    isEnabled: () => boundRoom() !== null,
    execute: () => copyLink(boundRoom(), trans)
  });
  const notify = (): void => Object.values(BindCommandIDs).forEach(id => commands.notifyCommandChanged(id));
  tracker.activeCellChanged.connect(notify);
  notebooks.changed.connect(notify);
}

export function addBindToPalette(palette: ICommandPalette, trans: TranslationBundle): void {
  const category = trans.__('Rooms');
  Object.values(BindCommandIDs).forEach(command => palette.addItem({ command, category }));
}

/** Says which part of a shared cell that was split is still shared. */
export function tellOfSplits(
  commands: CommandRegistry,
  tracker: INotebookTracker,
  notebooks: BoundNotebooks,
  trans: TranslationBundle
): void {
  const tell = (): void => {
    const place = readPlace(tracker, notebooks);
    const binding = place?.cell && place.binder.bindingOf(place.cell);
    if (binding && !binding.room.status.readOnly) {
      const words = 'This part of the cell is still shared, for everybody in “%1”; what is above it is yours alone.';
      Notification.info(trans.__(words, binding.room.title), { autoClose: 10_000 });
    }
  };
  commands.commandExecuted.connect((_, { id, result }) => {
    if (id === SPLIT) {
      // A command that fails says so itself.
      result.then(tell, () => undefined);
    }
  });
}

function readPlace(tracker: INotebookTracker, notebooks: BoundNotebooks): IPlaceInNotebook | null {
  const panel = tracker.currentWidget;
  const binder = panel && notebooks.binderOf(panel);
  if (!panel || !binder) {
    return null;
  }
  const active = panel.content.activeCell?.model.sharedModel ?? null;
  const name = panel.context.localPath.split('/').pop() ?? '';
  const goTo = (cell: OwnCell): void => {
    panel.content.activeCellIndex = binder.notebook.cells.indexOf(cell);
    panel.activate();
  };
  return { binder, cell: active as OwnCell | null, name, goTo };
}

async function share(place: IPlaceInNotebook | null, host: ISharingHost): Promise<void> {
  if (!place?.cell) {
    return;
  }
  const { binder, cell, name } = place;
  const { trans } = host;
  const bound = binder.bindingOf(cell);
  if (bound) {
    return offerLink(bound.room.id, trans.__('This cell is shared. Others join it by its link.'), trans);
  }
  const chosen = await askPlace(host.api, trans.__('Cell of %1', name), trans);
  if (chosen === null) {
    return;
  }
  if (chosen.room !== null) {
    await shareInRoom(host, binder, cell, chosen.room);
  }
  const room = chosen.room ?? (await shareInNewRoom(host, binder, cell, chosen.title));
  offerLink(room, trans.__('The cell is shared. Others join it by its link.'), trans);
}

async function join(place: IPlaceInNotebook | null, host: ISharingHost): Promise<void> {
  if (!place) {
    return;
  }
  const room = await askLink(host.trans);
  if (room !== null) {
    const cell = await joinCell(host, place.binder, place.cell, room, cells => askCell(cells, host.trans));
    if (cell !== null) {
      place.goTo(cell);
    }
  }
}

function offerLink(room: string, words: string, trans: TranslationBundle): void {
  const copy = { label: trans.__('Copy link'), callback: () => copyLink(room, trans) };
  Notification.success(words, { actions: [copy], autoClose: 10_000 });
}

function copyLink(room: string | null, trans: TranslationBundle): void {
  if (room !== null) {
    Clipboard.copyToSystem(linkTo(room));
    Notification.info(trans.__('The link is in the clipboard'), { autoClose: 3000 });
  }
}
