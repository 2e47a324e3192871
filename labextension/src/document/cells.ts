/** The shared cells of a room: JupyterLab's, with what belongs to the cell in the document, and not to one of them. */
import { type CellChange, YCodeCell, YMarkdownCell, YRawCell, type YNotebook } from '@jupyter/ydoc';
import type { IAttachments, IOutput } from '@jupyterlab/nbformat';
import * as Y from 'yjs';

import { typeOf } from './cellmap.js';
import type { CellShare } from './cellshare.js';
import { showableAttachments, showableChanges, showableOutput } from './showable.js';

export type RoomCell = RoomCodeCell | RoomMarkdownCell | RoomRawCell;

type Events = Y.YEvent<Y.AbstractType<unknown>>[];

/**
 * Takes the keys out of events that have the value they had: somebody set them at the same time as another person, who
 * counts. JupyterLab's cells expect that each key changed.
 */
function withoutSame(events: Events): Events {
  for (const event of events) {
    if (event instanceof Y.YMapEvent) {
      const same = [...event.keysChanged].filter(key => !event.changes.keys.has(key as string));
      same.forEach(key => event.keysChanged.delete(key));
    }
  }
  return events;
}

/** A shared cell of the type that the document says now. */
export function makeCell(share: CellShare, notebook: YNotebook): RoomCell {
  switch (typeOf(share.map)) {
    case 'code':
      return new RoomCodeCell(share, notebook);
    case 'markdown':
      return new RoomMarkdownCell(share, notebook);
    case 'raw':
      return new RoomRawCell(share, notebook);
  }
}

export class RoomCodeCell extends YCodeCell {
  constructor(
    readonly share: CellShare,
    notebook: YNotebook
  ) {
    super(share.map, share.text, share.map.get('outputs') as Y.Array<unknown>, { notebook });
    // The share has one of its own, which outlives this cell.
    super.undoManager?.destroy();
  }

  override get undoManager(): Y.UndoManager {
    return this.share.undoManager;
  }

  override getId(): string {
    return this.share.id;
  }

  override setSource(value: string): void {
    this.share.rewrite(value);
  }

  override updateSource(start: number, end: number, value = ''): void {
    this.share.replace(start, end, value);
  }

  override transact(act: () => void, undoable = true, origin: unknown = null): void {
    this.share.transact(act, undoable, origin);
  }

  override getOutputs(): IOutput[] {
    return (this.youtputs.toJSON() as unknown[]).map(showableOutput);
  }

  protected override getChanges(events: Events): Partial<CellChange> {
    return showableChanges(super.getChanges(withoutSame(events)), events, this.youtputs as Y.Array<unknown>);
  }
}

export class RoomMarkdownCell extends YMarkdownCell {
  constructor(
    readonly share: CellShare,
    notebook: YNotebook
  ) {
    super(share.map, share.text, { notebook });
    super.undoManager?.destroy();
  }

  override get undoManager(): Y.UndoManager {
    return this.share.undoManager;
  }

  override getId(): string {
    return this.share.id;
  }

  override setSource(value: string): void {
    this.share.rewrite(value);
  }

  override getAttachments(): IAttachments | undefined {
    return showableAttachments(super.getAttachments());
  }

  override updateSource(start: number, end: number, value = ''): void {
    this.share.replace(start, end, value);
  }

  override transact(act: () => void, undoable = true, origin: unknown = null): void {
    this.share.transact(act, undoable, origin);
  }

  protected override getChanges(events: Events): Partial<CellChange> {
    return super.getChanges(withoutSame(events));
  }
}

export class RoomRawCell extends YRawCell {
  constructor(
    readonly share: CellShare,
    notebook: YNotebook
  ) {
    super(share.map, share.text, { notebook });
    super.undoManager?.destroy();
  }

  override get undoManager(): Y.UndoManager {
    return this.share.undoManager;
  }

  override getId(): string {
    return this.share.id;
  }

  override setSource(value: string): void {
    this.share.rewrite(value);
  }

  override getAttachments(): IAttachments | undefined {
    return showableAttachments(super.getAttachments());
  }

  override updateSource(start: number, end: number, value = ''): void {
    this.share.replace(start, end, value);
  }

  override transact(act: () => void, undoable = true, origin: unknown = null): void {
    this.share.transact(act, undoable, origin);
  }

  protected override getChanges(events: Events): Partial<CellChange> {
    return super.getChanges(withoutSame(events));
  }
}
