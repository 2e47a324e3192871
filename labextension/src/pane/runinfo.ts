import { CodeCell, type Cell } from '@jupyterlab/cells';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';

import { type CellMap, putterOf } from '../document/cellmap.js';
import type { RoomCodeCell } from '../document/cells.js';
import { hashOf } from '../text/sourcehash.js';
import { element, setText } from '../ui/dom.js';
import { named } from '../ui/named.js';
import type { IQueuedRun } from '../wire/protocol.js';
import { followRuns, showPrompt } from './codecells.js';
import type { NotebookView } from './notebook.js';

/** How often "2 min ago" is looked at again. */
const TICK_MS = 20_000;

/** What a cell's metadata say of its last run. */
interface ILastRun {
  readonly by: string;
  readonly isGuest: boolean;
  /** When, in ISO 8601. */
  readonly at: string;
  readonly seconds: number | null;
  readonly status: string;
  /** The hash of the source that was run; empty if nobody knows it. */
  readonly hash: string;
}

/** What a cell is marked with. */
interface IMark {
  readonly node: HTMLElement;
  readonly run: IQueuedRun | null;
  readonly last: ILastRun | null;
  readonly isEdited: boolean;
  readonly putter: ReturnType<typeof putterOf>;
}

/** Says on each cell what runs or waits there or, if nothing does, who ran it last, when, and what became of it. */
export class RunInfos {
  constructor(
    private readonly _notebook: NotebookView,
    private readonly _trans: TranslationBundle
  ) {
    _notebook.cellInserted.connect((_, cell) => this._follow(cell));
    this._timer = setInterval(() => this._age(), TICK_MS);
  }

  /** Shows which runs have not ended. */
  show(queue: readonly IQueuedRun[]): void {
    const before = this._runs;
    // Of a cell's runs the first is the one that it is shown with.
    this._runs = new Map([...queue].reverse().map(run => [run.cell, run]));
    const touched = [...before.keys(), ...this._runs.keys()].filter(
      cell => !isSame(before.get(cell), this._runs.get(cell))
    );
    for (const cell of this._notebook.cellsById(new Set(touched))) {
      if (cell instanceof CodeCell) {
        showPrompt(cell);
        this._mark(cell);
      }
    }
  }

  dispose(): void {
    clearInterval(this._timer);
  }

  private _follow(cell: Cell): void {
    if (!(cell instanceof CodeCell)) {
      return;
    }
    // A model that is taken out of the notebook does not know its id any more.
    const { id } = cell.model;
    followRuns(cell, () => this._runs.has(id));
    const mark = (): void => {
      if (!cell.isDisposed) {
        this._mark(cell);
      }
    };
    cell.model.metadataChanged.connect(mark);
    mapOf(cell).observe(mark);
    cell.model.sharedModel.changed.connect((_, change) => 'sourceChange' in change && mark());
    mark();
  }

  /** Marks a cell of which something has changed. */
  private _mark(cell: CodeCell): void {
    const node = this._marks.get(cell)?.node ?? element('div', 'jc-RunInfo');
    const run = this._runs.get(cell.model.id) ?? null;
    const last = readLastRun(cell.model.getMetadata('jupyter_collab') as PartialJSONValue | undefined);
    const isEdited = last !== null && hashOf(cell.model.sharedModel.getSource()) !== last.hash;
    const mark = { node, run, last, isEdited, putter: putterOf(mapOf(cell)) };
    this._marks.set(cell, mark);
    node.dataset.status = run?.state ?? last?.status ?? '';
    node.title = last === null ? '' : new Date(last.at).toLocaleString();
    const text = this._textOf(mark);
    setText(node, text);
    if (text === '') {
      node.remove();
    } else if (node.parentNode === null) {
      cell.node.append(node);
    }
  }

  /** Says anew how long ago all was; nothing else changes by itself. */
  private _age(): void {
    for (const cell of this._notebook.widgets) {
      const mark = cell instanceof CodeCell ? this._marks.get(cell) : undefined;
      if (mark !== undefined) {
        setText(mark.node, this._textOf(mark));
      }
    }
  }

  private _textOf({ run, last, isEdited, putter }: IMark): string {
    return run !== null ? this._due(run) : last !== null ? this._done(last, isEdited) : this._put(putter);
  }

  private _due({ state, by }: IQueuedRun): string {
    const name = named(by.display_name, by.kind === 'guest', this._trans);
    return state === 'running'
      ? this._trans.__('%1 is running this', name)
      : this._trans.__('Waits to run for %1', name);
  }

  private _put(by: IMark['putter']): string {
    const trans = this._trans;
    return by === null ? '' : trans.__('Outputs put here by %1, not run here', named(by.name, by.isGuest, trans));
  }

  private _done(run: ILastRun, isEdited: boolean): string {
    const trans = this._trans;
    const parts = [named(run.by, run.isGuest, trans), this._ago(new Date(run.at))];
    if (run.seconds !== null) {
      parts.push(this._duration(run.seconds));
    }
    if (run.status === 'error') {
      parts.push(trans.__('failed'));
    } else if (run.status === 'aborted') {
      parts.push(trans.__('stopped'));
    }
    if (isEdited) {
      parts.push(trans.__('edited since'));
    }
    return parts.filter(part => part !== '').join(' · ');
  }

  private _ago(time: Date): string {
    const trans = this._trans;
    const minutes = Math.floor((Date.now() - time.getTime()) / 60_000);
    if (Number.isNaN(minutes)) {
      return '';
    }
    if (minutes < 1) {
      return trans.__('just now');
    }
    if (minutes < 60) {
      return trans.__('%1 min ago', minutes);
    }
    return minutes < 24 * 60 ? trans.__('%1 h ago', Math.floor(minutes / 60)) : time.toLocaleDateString();
  }

  private _duration(seconds: number): string {
    if (seconds < 60) {
      return this._trans.__('%1 s', seconds.toFixed(seconds < 10 ? 1 : 0));
    }
    const [minutes, rest] = [Math.floor(seconds / 60), Math.floor(seconds % 60)];
    return this._trans.__('%1 min %2 s', minutes, rest);
  }

  /** The runs that have not ended, by cell. */
  private _runs: ReadonlyMap<string, IQueuedRun> = new Map();
  private readonly _marks = new WeakMap<CodeCell, IMark>();
  private readonly _timer: ReturnType<typeof setInterval>;
}

/** Whether two runs are shown alike. */
function isSame(a: IQueuedRun | undefined, b: IQueuedRun | undefined): boolean {
  return a?.state === b?.state && a?.by.display_name === b?.by.display_name && a?.by.kind === b?.by.kind;
}

function mapOf(cell: CodeCell): CellMap {
  return (cell.model.sharedModel as RoomCodeCell).share.map;
}

/** What anybody may have written into the document, as far as it makes sense. */
function readLastRun(own: PartialJSONValue | undefined): ILastRun | null {
  const run = isObject(own) ? own.run : undefined;
  if (!isObject(run) || typeof run.by !== 'string' || typeof run.at !== 'string') {
    return null;
  }
  const number = (value: PartialJSONValue | undefined): number | null => (typeof value === 'number' ? value : null);
  const hash = typeof run.hash === 'string' ? run.hash : '';
  const isGuest = run.kind === 'guest';
  return { by: run.by, isGuest, at: run.at, seconds: number(run.seconds), status: `${run.status}`, hash };
}

function isObject(value: PartialJSONValue | undefined): value is PartialJSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
