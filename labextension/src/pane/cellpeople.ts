import type { IPerson } from '../presence.js';
import { element } from './dom.js';
import type { NotebookView } from './notebook.js';
import { paintAvatar } from './people.js';

/** How many people are shown beside one cell. */
const MAX_SHOWN = 3;

/** Marks the cells that other people are in, with their avatars at the cell's edge. */
export class CellPeople {
  constructor(private readonly _notebook: NotebookView) {}

  /** Shows where these people are now. */
  show(people: readonly IPerson[]): void {
    const places = new Map<string, IPerson[]>();
    for (const person of people) {
      if (!person.isMe && person.cell !== null) {
        places.set(person.cell, [...(places.get(person.cell) ?? []), person]);
      }
    }
    for (const cell of this._notebook.widgets) {
      this._mark(cell.node, places.get(cell.model.id) ?? []);
    }
  }

  private _mark(cell: HTMLElement, people: readonly IPerson[]): void {
    const shown = people.slice(0, MAX_SHOWN);
    const key = shown.map(({ username, color }) => `${username} ${color}`).join();
    const mark = this._marks.get(cell);
    if ((mark?.key ?? '') === key) {
      return;
    }
    mark?.node.remove();
    this._marks.delete(cell);
    if (shown.length > 0) {
      // The names are in the header, for all to read: here they would only be in the way.
      const node = element('div', 'jc-CellPeople', { 'aria-hidden': 'true' }, ...shown.map(avatar));
      cell.append(node);
      this._marks.set(cell, { key, node });
    }
  }

  private readonly _marks = new WeakMap<HTMLElement, { readonly key: string; readonly node: HTMLElement }>();
}

function avatar(person: IPerson): HTMLElement {
  const node = element('span', 'jc-Avatar', { title: person.name, 'data-name': person.name });
  paintAvatar(node, person);
  return node;
}
