import type { Cell } from '@jupyterlab/cells';
import type { TranslationBundle } from '@jupyterlab/translation';

import { element } from '../ui/dom.js';
import { named } from '../ui/named.js';
import type { IPerson } from '../wire/presence.js';
import type { NotebookView } from './notebook.js';
import { paintAvatar } from './people.js';

/** How many people are shown beside one cell. */
const MAX_SHOWN = 3;

/** Marks the cells that other people are in, with their avatars at the cell's edge. */
export class CellPeople {
  constructor(
    private readonly _notebook: NotebookView,
    private readonly _trans: TranslationBundle
  ) {
    _notebook.cellInserted.connect((_, cell) => this._mark(cell));
  }

  /** Shows where these people are now. */
  show(people: readonly IPerson[]): void {
    const before = this._places;
    this._places = placesOf(people);
    const touched = [...before.keys(), ...this._places.keys()].filter(
      cell => keyOf(before.get(cell)) !== keyOf(this._places.get(cell))
    );
    this._notebook.cellsById(new Set(touched)).forEach(cell => this._mark(cell));
  }

  private _mark(cell: Cell): void {
    const people = this._places.get(cell.model.id);
    this._marks.get(cell)?.remove();
    this._marks.delete(cell);
    if (people !== undefined) {
      // The names are in the header, for all to read: here they would only be in the way.
      const avatars = people.map(person => avatar(person, this._trans));
      const node = element('div', 'jc-CellPeople', { 'aria-hidden': 'true' }, ...avatars);
      cell.node.append(node);
      this._marks.set(cell, node);
    }
  }

  /** The people to be shown, by the id of the cell that they are in. */
  private _places: ReadonlyMap<string, readonly IPerson[]> = new Map();
  private readonly _marks = new WeakMap<Cell, HTMLElement>();
}

function placesOf(people: readonly IPerson[]): Map<string, IPerson[]> {
  const places = new Map<string, IPerson[]>();
  for (const person of people) {
    if (person.isMe || person.cell === null) {
      continue;
    }
    const there = places.get(person.cell) ?? [];
    places.set(person.cell, there);
    if (there.length < MAX_SHOWN) {
      there.push(person);
    }
  }
  return places;
}

/** What differs when other people are to be shown. */
function keyOf(people: readonly IPerson[] = []): string {
  return people.map(({ username, color }) => `${username} ${color}`).join();
}

function avatar(person: IPerson, trans: TranslationBundle): HTMLElement {
  const title = named(person.name, person.isGuest, trans);
  const node = element('span', 'jc-Avatar', { title, 'data-name': person.name });
  paintAvatar(node, person);
  return node;
}
