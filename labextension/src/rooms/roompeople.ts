import { type ISignal, Signal } from '@lumino/signaling';
import type { Awareness } from 'y-protocols/awareness';

import { isEqual } from '../text/json.js';
import { type ICursor, type IPerson, readPeople } from '../wire/presence.js';

/** Who is in a room, and what this page says of itself there. */
export class RoomPeople {
  /** @param _awareness - The presence of the document that is shown; another document brings another. */
  constructor(private readonly _awareness: () => Awareness) {}

  /** Who is here; see `readPeople`. */
  get present(): readonly IPerson[] {
    return this._present;
  }

  get changed(): ISignal<this, readonly IPerson[]> {
    return this._changed;
  }

  /** Read again who is here. */
  update(): void {
    const people = readPeople(this._awareness());
    if (!isEqual(people, this._present)) {
      this._present = people;
      this._changed.emit(people);
    }
  }

  /** Tell the others something, if it is not what they were told last. */
  tell(field: 'cursor' | 'cell', value: ICursor | string | null): void {
    const awareness = this._awareness();
    const state = awareness.getLocalState();
    if (!isEqual((state?.[field] ?? null) as typeof value, value)) {
      awareness.setLocalStateField(field, value);
    }
  }

  /** Let go of all who listen. */
  dispose(): void {
    Signal.clearData(this);
  }

  private _present: readonly IPerson[] = [];
  private readonly _changed = new Signal<this, readonly IPerson[]>(this);
}
