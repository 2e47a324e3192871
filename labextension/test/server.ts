/** A double of the server: one room in memory, faults on demand. Speaks the real bytes. */
import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';

import { digestOf } from '../lib/document/digest.js';
import type { ICollabServer } from '../lib/rest/http.js';
import {
  build,
  CAPABILITIES,
  type IHello,
  type Message,
  parse,
  type Role,
  type RoomEvent
} from '../lib/wire/protocol.js';

const EMPTY_UPDATE_BYTES = 2;

/** The server's end of one websocket. */
class Peer {
  constructor(
    readonly socket: DoubleSocket,
    readonly role: Role,
    readonly epoch: string | null
  ) {}

  /** Sync messages with edits that came so far. */
  edits = 0;
  clients = new Set<number>();
}

/** A server with one room, whose document starts with one code cell `first`. */
export class ServerDouble {
  constructor() {
    this.startEpoch('epoch-1');
  }

  /** The room's document. */
  doc = new Y.Doc();
  epoch = '';
  title = 'Demo';
  role: Role = 'owner';
  limits = { message_bytes: 100_000, room_bytes: 1_000_000, awareness_bytes: 1000, updates_per_second: 1000 };

  /** Whether websockets can be opened. */
  isUp = true;
  /** Whether edits are acknowledged; they are applied anyway. */
  acknowledges = true;
  /** Whether who joins is asked for what the room lacks. */
  asks = true;
  /** What the next edits are refused with. */
  rejections: { reason: string; message: string }[] = [];
  /** Whether the server accepts connections and then says nothing. */
  isMute = false;
  /** Whether the server still speaks, but hears nothing. */
  isDeaf = false;
  /** Whether clients may ask whether their document is the room's. */
  checks = true;
  /** Whether it wants to be told of edits that come in pieces. */
  pieces = true;
  /** What happens before such a question is answered. */
  onCheck: () => void = () => undefined;

  /** The answer to `GET rooms/demo`. */
  roomStatus = 200;

  /** All messages that came, of all connections. */
  readonly received: Message[] = [];
  /** The addresses of all attempts to connect. */
  readonly attempts: string[] = [];

  get connections(): number {
    return this._peers.size;
  }

  /** The room's cells: type, id and text. */
  get cells(): { id: string; cell_type: string; source: string }[] {
    const cells = this.doc.getArray<Y.Map<unknown>>('cells').toArray();
    return cells.map(cell => ({
      id: String(cell.get('id')),
      cell_type: String(cell.get('cell_type')),
      source: String(cell.get('source'))
    }));
  }

  /** The text of the cell `first`. */
  get text(): string {
    return this.cells.find(cell => cell.id === 'first')?.source ?? '';
  }

  /** The server, as clients know it. */
  get server(): ICollabServer {
    const open = (url: string): DoubleSocket => this._open(url);
    const socketClass = function (url: string): DoubleSocket {
      return open(url);
    };
    return {
      baseUrl: 'http://double/',
      wsUrl: 'ws://double/',
      apiPath: 'api/collab/',
      token: 'secret',
      appendToken: true,
      WebSocket: socketClass as unknown as typeof WebSocket,
      fetch: () => this._fetch()
    };
  }

  /** Begin a new history with this text in the cell `first`. */
  startEpoch(epoch: string, text = ''): void {
    this.epoch = epoch;
    this.doc = new Y.Doc();
    this.doc.transact(() => {
      const cell = new Y.Map<unknown>();
      this.doc.getArray('cells').push([cell]);
      cell.set('id', 'first');
      cell.set('cell_type', 'code');
      cell.set('source', new Y.Text(text));
      cell.set('metadata', new Y.Map());
      cell.set('outputs', new Y.Array());
      cell.set('execution_count', null);
      this.doc.getMap('state').set('epoch', epoch);
      this.doc.getMap('meta').set('metadata', new Y.Map());
    });
  }

  /** Change the text as somebody else would. */
  edit(index: number, text: string): void {
    this._change(source => source.insert(index, text));
  }

  /** Delete some of the text as somebody else would. */
  erase(index: number, length: number): void {
    this._change(source => source.delete(index, length));
  }

  /** Take all cells out of the document, as no client may. */
  removeCells(): void {
    this._alter(cells => cells.delete(0, cells.length));
  }

  private _change(change: (source: Y.Text) => void): void {
    this._alter(cells => change(cells.get(0).get('source') as Y.Text));
  }

  private _alter(edit: (cells: Y.Array<Y.Map<unknown>>) => void): void {
    const before = Y.encodeStateVector(this.doc);
    edit(this.doc.getArray('cells'));
    this._broadcast({ type: 'update', update: Y.encodeStateAsUpdate(this.doc, before) });
  }

  /** Tell everybody of an event. */
  tell(info: RoomEvent): void {
    this._broadcast({ type: 'event', info });
  }

  /** Ask whoever has a lease to make way for the next one. */
  recallLease(key: string): void {
    const [holder] = this._leases.get(key) ?? [];
    if (holder) {
      this._send(holder, { type: 'event', info: { type: 'lease', key, granted: false } });
    }
  }

  /** Acknowledge all edits that came. */
  acknowledgeAll(): void {
    for (const peer of this._peers) {
      this._send(peer, { type: 'ack', count: peer.edits, seq: 1 });
    }
  }

  /** Say that the last edit of everybody leaves a gap, without asking for what is missing. */
  findGap(): void {
    for (const peer of this._peers) {
      this._send(peer, { type: 'rejection', count: peer.edits, reason: 'causal_gap', message: 'Sync again.' });
    }
  }

  /** Ask everybody for what the room lacks. */
  ask(): void {
    this._broadcast({ type: 'sync_step1', stateVector: Y.encodeStateVector(this.doc) });
  }

  /** Send any message to everybody. */
  say(message: Message): void {
    this._broadcast(message);
  }

  /** Send any bytes to everybody. */
  sayBytes(data: Uint8Array): void {
    this._peers.forEach(peer => peer.socket.deliver(data));
  }

  /** Close all connections. */
  close(code: number, reason = ''): void {
    for (const peer of this._peers) {
      this._leave(peer);
      peer.socket.end(code, reason);
    }
  }

  // -- inside --------------------------------------------------------------------------------------------------------

  private _open(url: string): DoubleSocket {
    this.attempts.push(url);
    const socket = new DoubleSocket();
    setImmediate(() => (this.isUp ? this._accept(socket, new URL(url)) : socket.end(1006, '')));
    return socket;
  }

  private _accept(socket: DoubleSocket, url: URL): void {
    const role = (url.searchParams.get('role') as Role | null) ?? this.role;
    const peer = new Peer(socket, role, url.searchParams.get('epoch'));
    socket.open(
      data => this._receive(peer, data),
      () => this._leave(peer)
    );
    if (peer.epoch !== null && peer.epoch !== this.epoch) {
      return socket.end(4409, 'epoch_mismatch: the room has a new history');
    }
    this._peers.add(peer);
    if (this.isMute) {
      return;
    }
    this._send(peer, { type: 'hello', info: this._hello(role) });
    if (this.asks && CAPABILITIES[role].includes('edit')) {
      this._send(peer, { type: 'sync_step1', stateVector: Y.encodeStateVector(this.doc) });
    }
    this._sendPresence(peer, [...this._awareness.getStates().keys()]);
  }

  private _hello(role: Role): IHello {
    const { epoch, title, limits } = this;
    const user = {
      username: 'ada',
      name: 'Ada',
      display_name: 'Ada',
      initials: 'A',
      avatar_url: null,
      color: '#0b6e4f'
    };
    const capabilities = [...CAPABILITIES[role]];
    const { checks, pieces } = this;
    return { version: 1, room: 'demo', title, epoch, seq: 1, role, capabilities, user, checks, pieces, limits };
  }

  private _receive(peer: Peer, data: Uint8Array): void {
    const message = parse(data);
    this.received.push(message);
    if (this.isDeaf) {
      return;
    }
    switch (message.type) {
      case 'sync_step1':
        return this._send(peer, {
          type: 'sync_step2',
          update: Y.encodeStateAsUpdate(this.doc, message.stateVector)
        });
      case 'sync_step2':
      case 'update':
        return this._edit(peer, message.update);
      case 'awareness':
        return this._hearPresence(peer, message.payload);
      case 'lease':
        return message.wanted ? this._lend(peer, message.key) : this._takeBack(peer, message.key);
      case 'check':
        return this._check(peer, message.digest, message.differs);
    }
  }

  private _edit(peer: Peer, update: Uint8Array): void {
    peer.edits += 1;
    const rejection = update.length > EMPTY_UPDATE_BYTES ? this.rejections.shift() : undefined;
    if (rejection) {
      this._send(peer, { type: 'rejection', count: peer.edits, ...rejection });
      if (rejection.reason === 'causal_gap') {
        this._send(peer, { type: 'sync_step1', stateVector: Y.encodeStateVector(this.doc) });
      }
      return;
    }
    Y.applyUpdate(this.doc, update, peer);
    this._broadcast({ type: 'update', update }, peer);
    if (this.acknowledges) {
      this._send(peer, { type: 'ack', count: peer.edits, seq: 1 });
    }
  }

  private _hearPresence(peer: Peer, payload: Uint8Array): void {
    const note = ({ added, updated }: { added: number[]; updated: number[] }): void => {
      [...added, ...updated].forEach(client => peer.clients.add(client));
    };
    this._awareness.on('update', note);
    applyAwarenessUpdate(this._awareness, payload, peer);
    this._awareness.off('update', note);
    this._broadcast({ type: 'awareness', payload }, peer);
  }

  private _check(peer: Peer, asked: string, differs: boolean): void {
    if (!differs) {
      this.onCheck();
      const digest = digestOf(this.doc);
      this._send(peer, { type: 'event', info: { type: 'check', digest, agrees: digest === asked } });
    }
  }

  private _lend(peer: Peer, key: string): void {
    const queue = this._leases.get(key) ?? [];
    this._leases.set(key, [...queue, peer]);
    this._send(peer, { type: 'event', info: { type: 'lease', key, granted: queue.length === 0 } });
  }

  private _takeBack(peer: Peer, key: string): void {
    const queue = this._leases.get(key) ?? [];
    const others = queue.filter(other => other !== peer);
    this._leases.set(key, others);
    if (queue[0] === peer && others.length > 0) {
      this._send(others[0], { type: 'event', info: { type: 'lease', key, granted: true } });
    }
  }

  private _leave(peer: Peer): void {
    this._peers.delete(peer);
    [...this._leases.keys()].forEach(key => this._takeBack(peer, key));
    // Who came back is in the room with the new connection.
    const isHere = (client: number): boolean => [...this._peers].some(({ clients }) => clients.has(client));
    for (const client of [...peer.clients].filter(known => !isHere(known) && this._awareness.meta.has(known))) {
      this._awareness.states.delete(client);
      this._peers.forEach(other => this._sendPresence(other, [client]));
      this._awareness.meta.delete(client);
    }
  }

  private _sendPresence(peer: Peer, clients: number[]): void {
    if (clients.length > 0) {
      this._send(peer, { type: 'awareness', payload: encodeAwarenessUpdate(this._awareness, clients) });
    }
  }

  private _broadcast(message: Message, except?: Peer): void {
    this._peers.forEach(peer => peer !== except && this._send(peer, message));
  }

  private _send(peer: Peer, message: Message): void {
    peer.socket.deliver(build(message));
  }

  private async _fetch(): Promise<Response> {
    await Promise.resolve();
    if (!this.isUp && this.roomStatus === 200) {
      throw new TypeError('fetch failed');
    }
    const body = this.roomStatus === 200 ? { id: 'demo' } : { reason: 'permission_denied', message: 'No.' };
    return new Response(JSON.stringify(body), { status: this.roomStatus });
  }

  /** Stop what runs. */
  dispose(): void {
    this.close(1001);
    this._awareness.destroy();
  }

  private readonly _peers = new Set<Peer>();
  private readonly _leases = new Map<string, Peer[]>();
  private readonly _awareness = makeAwareness();
}

function makeAwareness(): Awareness {
  const awareness = new Awareness(new Y.Doc());
  awareness.setLocalState(null);
  return awareness;
}

/** The client's end: as much of a WebSocket as clients use. Everything takes a turn of the event loop, in order. */
class DoubleSocket {
  binaryType = 'blob';
  readyState = 0;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  send(data: Uint8Array): void {
    const copy = data.slice();
    // What was sent before the client closed still arrives.
    const receive = this.readyState === 1 ? this._receive : null;
    setImmediate(() => this._isEnded || receive?.(copy));
  }

  close(): void {
    if (this.readyState < 2) {
      this.readyState = 3;
      setImmediate(() => this._gone?.());
    }
  }

  open(receive: (data: Uint8Array) => void, gone: () => void): void {
    if (this.readyState === 0) {
      this.readyState = 1;
      this._receive = receive;
      this._gone = gone;
    }
  }

  deliver(data: Uint8Array): void {
    const { buffer } = data.slice();
    setImmediate(() => this.readyState === 1 && this.onmessage?.({ data: buffer }));
  }

  end(code: number, reason: string): void {
    setImmediate(() => {
      if (this.readyState < 2) {
        this.readyState = 3;
        this._isEnded = true;
        this.onclose?.({ code, reason });
      }
    });
  }

  private _receive: ((data: Uint8Array) => void) | null = null;
  private _gone: (() => void) | null = null;
  private _isEnded = false;
}
