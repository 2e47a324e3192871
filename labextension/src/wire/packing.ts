/** Puts an update into messages that the server takes. */
import { MESSAGE_HEAD_BYTES } from './outbox.js';
import { cutUpdate } from './pieces.js';
import { build, type IHello } from './protocol.js';

/** Why an update cannot be sent, in a word of `docs/wire.md`. */
export type TooLarge = 'room_too_large' | 'message_too_large';

/** The messages that carry an update. */
export interface IPacked {
  /** What is sent before them, so that the room takes all of them or none; `null` if nothing is. */
  readonly head: Uint8Array<ArrayBuffer> | null;
  readonly messages: Uint8Array<ArrayBuffer>[];
}

/**
 * Put an update into as few messages as its size allows.
 *
 * @param hello - Says what the server takes; `null` if it has said nothing.
 */
export function pack(type: 'sync_step2' | 'update', update: Uint8Array, hello: IHello | null): IPacked | TooLarge {
  if (update.length > (hello?.limits.room_bytes ?? Infinity)) {
    return 'room_too_large';
  }
  const maxBytes = hello?.limits.message_bytes ?? Infinity;
  const pieces = cutUpdate(update, maxBytes - MESSAGE_HEAD_BYTES);
  const messages = pieces.map(piece => build({ type, update: piece }));
  if (messages.some(({ length }) => length > maxBytes)) {
    // The server would close the connection, and the next one as well.
    return 'message_too_large';
  }
  const isTold = messages.length > 1 && hello?.pieces === true;
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  return { head: isTold ? build({ type: 'pieces', count: pieces.length, bytes }) : null, messages };
}
