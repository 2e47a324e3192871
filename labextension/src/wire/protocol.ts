/**
 * The wire: parse and build messages. Bytes in, values out, no I/O.
 *
 * The bytes are specified in `docs/wire.md`; `tests/vectors/wire.json` holds the examples that this module and its
 * Python twin both run. Messages 0 to 3 are those of y-protocols, those from 100 up are ours.
 */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';

/** The websocket subprotocol whose speakers get the messages from 100 up. */
export const SUBPROTOCOL = 'jupyter-collab.v1';

/** The version of the messages from 100 up. */
export const VERSION = 1;

const MessageType = {
  sync: 0,
  awareness: 1,
  queryAwareness: 3,
  hello: 100,
  ack: 101,
  rejection: 102,
  event: 103,
  lease: 104,
  check: 105,
  pieces: 106
} as const;

const MAX_DIGEST_CHARACTERS = 64;

const SyncType = { step1: 0, step2: 1, update: 2 } as const;

export type Role = 'viewer' | 'runner' | 'writer' | 'editor' | 'owner';

export type Capability = 'read' | 'edit' | 'run' | 'manage';

/** The capabilities of each role. */
export const CAPABILITIES: Readonly<Record<Role, readonly Capability[]>> = {
  viewer: ['read'],
  runner: ['read', 'run'],
  writer: ['read', 'edit'],
  editor: ['read', 'edit', 'run'],
  owner: ['read', 'edit', 'run', 'manage']
};

/** A person as the server knows them. Colours are CSS colours; presence has `colorLight` and `role` as well. */
export interface IUser {
  username: string;
  name: string;
  display_name: string;
  initials: string | null;
  avatar_url: string | null;
  color: string | null;
  colorLight?: string;
  role?: Role;
  /** Who vouches for them; a guest chose their name themselves. */
  kind?: UserKind;
}

export type UserKind = 'server' | 'account' | 'guest';

/** Somebody who waits for an owner to let them in. */
export interface IWaiting {
  principal: string;
  display_name: string;
  role: Role;
}

/** The bounds that a client must keep, with their units in their names. */
export interface ILimits {
  message_bytes: number;
  room_bytes: number;
  awareness_bytes: number;
  updates_per_second: number;
}

/** What the server says first. */
export interface IHello {
  version: number;
  room: string;
  title: string;
  epoch: string;
  seq: number;
  role: Role;
  capabilities: Capability[];
  user: IUser;
  /** Whether one may ask the server whether its document is the same. */
  checks?: boolean;
  /** Whether the server wants to be told of an edit that comes in pieces: it takes all of them or none. */
  pieces?: boolean;
  limits: ILimits;
}

export type KernelStatus = 'starting' | 'idle' | 'busy' | 'restarting' | 'dead';

/** The room's running kernel. */
export interface IKernel {
  id: string;
  /** The name of its kernelspec. */
  name: string;
  display_name: string;
  language: string;
  status: KernelStatus;
}

/** A run of a cell that is going on or waits for its turn. */
export interface IQueuedRun {
  run: number;
  cell: string;
  by: { username: string; display_name: string; kind: UserKind };
  state: 'running' | 'queued';
}

/** What a run waits for. */
export interface IInputRequest {
  run: number;
  cell: string;
  prompt: string;
  password: boolean;
}

/** What runs in a room. */
export interface IKernelState {
  kernel: IKernel | null;
  /** What went wrong last and what to do, for people. */
  message: string | null;
  /** The running one first, then those that wait, in their order. */
  queue: IQueuedRun[];
  input: IInputRequest | null;
}

/** What happened to the room or to this peer. Types that we do not know are to be ignored. */
export type RoomEvent =
  | { type: 'not_saved'; message: string }
  | { type: 'saved' }
  | { type: 'mended'; message: string }
  | { type: 'renamed'; title: string }
  | { type: 'role'; role: Role; capabilities: Capability[] }
  | { type: 'lease'; key: string; granted: boolean }
  | { type: 'check'; digest: string | null; agrees: boolean | null }
  | { type: 'members'; waiting: IWaiting[]; total: number }
  | ({ type: 'kernel' } & IKernelState);

export type Message =
  | { type: 'sync_step1'; stateVector: Uint8Array }
  | { type: 'sync_step2'; update: Uint8Array }
  | { type: 'update'; update: Uint8Array }
  | { type: 'awareness'; payload: Uint8Array }
  | { type: 'query_awareness' }
  | { type: 'hello'; info: IHello }
  | { type: 'ack'; count: number; seq: number }
  | { type: 'rejection'; count: number; reason: string; message: string }
  | { type: 'event'; info: RoomEvent }
  | { type: 'lease'; key: string; wanted: boolean }
  | { type: 'check'; digest: string; differs: boolean }
  | { type: 'pieces'; count: number; bytes: number };

/** Bytes that are not a message of the protocol. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/**
 * Read one message.
 *
 * @throws ProtocolError for bytes that are no message, or a message of a type that we do not know.
 */
export function parse(data: Uint8Array): Message {
  const decoder = decoding.createDecoder(data);
  let message: Message;
  try {
    message = parseMessage(decoder);
  } catch (error) {
    if (error instanceof ProtocolError) {
      throw error;
    }
    throw new ProtocolError('The message cannot be read.', { cause: error });
  }
  if (decoding.hasContent(decoder)) {
    throw new ProtocolError('The message goes on after its end.');
  }
  return message;
}

function parseMessage(decoder: decoding.Decoder): Message {
  const type = decoding.readVarUint(decoder);
  switch (type) {
    case MessageType.sync:
      return parseSync(decoder);
    case MessageType.awareness:
      return { type: 'awareness', payload: readBytes(decoder) };
    case MessageType.queryAwareness:
      return { type: 'query_awareness' };
    case MessageType.hello:
      return { type: 'hello', info: checkHello(readObject(decoder)) };
    case MessageType.ack:
      return { type: 'ack', count: decoding.readVarUint(decoder), seq: decoding.readVarUint(decoder) };
    case MessageType.rejection:
      return { type: 'rejection', ...checkRejection(readObject(decoder)) };
    case MessageType.event:
      return { type: 'event', info: checkEvent(readObject(decoder)) };
    case MessageType.lease:
      return { type: 'lease', ...checkLease(readObject(decoder)) };
    case MessageType.check:
      return { type: 'check', ...checkCheck(readObject(decoder)) };
    case MessageType.pieces:
      return { type: 'pieces', count: decoding.readVarUint(decoder), bytes: decoding.readVarUint(decoder) };
    default:
      throw new ProtocolError(`There is no message of type ${type}.`);
  }
}

function parseSync(decoder: decoding.Decoder): Message {
  const step = decoding.readVarUint(decoder);
  switch (step) {
    case SyncType.step1:
      return { type: 'sync_step1', stateVector: readBytes(decoder) };
    case SyncType.step2:
      return { type: 'sync_step2', update: readBytes(decoder) };
    case SyncType.update:
      return { type: 'update', update: readBytes(decoder) };
    default:
      throw new ProtocolError(`There is no sync message of type ${step}.`);
  }
}

function readBytes(decoder: decoding.Decoder): Uint8Array {
  const length = decoding.readVarUint(decoder);
  if (length > decoder.arr.length - decoder.pos) {
    throw new ProtocolError('The message is shorter than it claims to be.');
  }
  return decoding.readUint8Array(decoder, length);
}

type JSONFields = Readonly<Record<string, unknown>>;

function readObject(decoder: decoding.Decoder): JSONFields {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(readBytes(decoder));
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError('The message must hold a JSON object.');
  }
  return value as JSONFields;
}

function checkHello(info: JSONFields): IHello {
  const limits = info.limits as JSONFields | undefined;
  const right =
    typeof info.epoch === 'string' &&
    typeof info.title === 'string' &&
    typeof info.role === 'string' &&
    Array.isArray(info.capabilities) &&
    typeof info.user === 'object' &&
    typeof limits?.message_bytes === 'number';
  if (!right) {
    throw new ProtocolError('The hello lacks what it must have.');
  }
  return info as unknown as IHello;
}

function checkRejection({ count, reason, message }: JSONFields): { count: number; reason: string; message: string } {
  if (typeof count !== 'number' || typeof reason !== 'string' || typeof message !== 'string') {
    throw new ProtocolError('A rejection must have a count, a reason and a message.');
  }
  return { count, reason, message };
}

function checkEvent(info: JSONFields): RoomEvent {
  if (typeof info.type !== 'string') {
    throw new ProtocolError('An event must have a type.');
  }
  return info as unknown as RoomEvent;
}

function checkLease({ key, wanted }: JSONFields): { key: string; wanted: boolean } {
  if (typeof key !== 'string' || typeof wanted !== 'boolean') {
    throw new ProtocolError('A lease must have a key, and whether it is wanted.');
  }
  return { key, wanted };
}

function checkCheck({ digest, differs }: JSONFields): { digest: string; differs: boolean } {
  const right = typeof digest === 'string' && digest.length <= MAX_DIGEST_CHARACTERS && typeof differs === 'boolean';
  if (!right) {
    throw new ProtocolError('A check must have a digest, and whether it differs.');
  }
  return { digest, differs };
}

/** Write one message; the inverse of `parse`. */
export function build(message: Message): Uint8Array<ArrayBuffer> {
  const encoder = encoding.createEncoder();
  buildMessage(encoder, message);
  return encoding.toUint8Array(encoder) as Uint8Array<ArrayBuffer>;
}

function buildMessage(encoder: encoding.Encoder, message: Message): void {
  switch (message.type) {
    case 'sync_step1':
      return buildSync(encoder, SyncType.step1, message.stateVector);
    case 'sync_step2':
      return buildSync(encoder, SyncType.step2, message.update);
    case 'update':
      return buildSync(encoder, SyncType.update, message.update);
    case 'awareness':
      encoding.writeVarUint(encoder, MessageType.awareness);
      return encoding.writeVarUint8Array(encoder, message.payload);
    case 'query_awareness':
      return encoding.writeVarUint(encoder, MessageType.queryAwareness);
    case 'hello':
      return buildObject(encoder, MessageType.hello, message.info);
    case 'ack':
      encoding.writeVarUint(encoder, MessageType.ack);
      encoding.writeVarUint(encoder, message.count);
      return encoding.writeVarUint(encoder, message.seq);
    case 'rejection': {
      const { count, reason, message: words } = message;
      return buildObject(encoder, MessageType.rejection, { count, reason, message: words });
    }
    case 'event':
      return buildObject(encoder, MessageType.event, message.info);
    case 'lease':
      return buildObject(encoder, MessageType.lease, { key: message.key, wanted: message.wanted });
    case 'check':
      return buildObject(encoder, MessageType.check, { digest: message.digest, differs: message.differs });
    case 'pieces':
      encoding.writeVarUint(encoder, MessageType.pieces);
      encoding.writeVarUint(encoder, message.count);
      return encoding.writeVarUint(encoder, message.bytes);
  }
}

function buildSync(encoder: encoding.Encoder, step: number, payload: Uint8Array): void {
  encoding.writeVarUint(encoder, MessageType.sync);
  encoding.writeVarUint(encoder, step);
  encoding.writeVarUint8Array(encoder, payload);
}

function buildObject(encoder: encoding.Encoder, type: number, value: object): void {
  encoding.writeVarUint(encoder, type);
  encoding.writeVarUint8Array(encoder, new TextEncoder().encode(JSON.stringify(value)));
}

/**
 * What a client does when its connection ends.
 *
 * - `retry`: connect again, with back-off, and send what is missing.
 * - `retake`: keep the user's text, take the room's document anew, offer the text back.
 * - `stop`: do not connect again until the user asks for it.
 */
export type CloseAction = 'retry' | 'retake' | 'stop';

/** Codes from 4400 to 4499 are for good, those from 4500 on pass. */
const isForGood = (code: number): boolean => code >= 4400 && code < 4500;

const CLOSE_ACTIONS: ReadonlyMap<number, CloseAction> = new Map([
  [1003, 'stop'],
  [1007, 'retake'],
  [1009, 'retake'],
  [4403, 'retake'],
  [4409, 'retake'],
  [4413, 'retake']
]);

/** The end of a connection: what to do, the machine-readable reason, and the server's words. */
export interface IClosing {
  action: CloseAction;
  code: number;
  reason: string;
  message: string;
}

/** Read a websocket's close code and close reason (`reason: what to do`). */
export function readClosing(code: number, text: string): IClosing {
  const [, reason = '', message = ''] = /^([a-z_]*)(?:: )?(.*)$/s.exec(text) ?? [];
  return { action: CLOSE_ACTIONS.get(code) ?? (isForGood(code) ? 'stop' : 'retry'), code, reason, message };
}
