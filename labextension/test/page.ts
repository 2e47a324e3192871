/**
 * A page with a room, in Node and without DOM, driven by JSON lines: commands on stdin, replies and events on stdout.
 *
 *     node build/page.js BASE_URL TOKEN ROOM [ROLE]
 */
import 'fake-indexeddb/auto';

import { createInterface } from 'node:readline';

import { WebSocket } from 'ws';

import { BrowserPersistence } from '../lib/keep/indexeddb.js';
import type { ICollabServer } from '../lib/rest/http.js';
import { Room } from '../lib/rooms/room.js';
import type { Role } from '../lib/wire/protocol.js';

const [baseUrl, token, id, role] = process.argv.slice(2);

/** As in a browser, an error is told by the `close` event and ends nothing else. */
class PageWebSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols);
    this.on('error', () => undefined);
  }
}

const server: ICollabServer = {
  baseUrl,
  wsUrl: baseUrl.replace(/^http/, 'ws'),
  apiPath: 'api/collab/',
  token,
  appendToken: true,
  WebSocket: PageWebSocket as unknown as typeof globalThis.WebSocket,
  fetch: (url, init) => {
    const headers = new Headers(init.headers);
    headers.set('Authorization', `token ${token}`);
    return fetch(url, { ...init, headers });
  }
};

const browser = new BrowserPersistence();
let room = open();

function open(): Room {
  const opened = new Room({ id, server, role: role as Role | undefined, persistence: browser });
  opened.statusChanged.connect((_, { kind, pending, reason }) => say({ event: 'status', kind, pending, reason }));
  return opened;
}

interface ICommand {
  id: number;
  op: string;
  cell?: number;
  at?: number;
  text?: string;
}

const source = (cell = 0): string => room.sharedModel.cells[cell].getSource();

function insert({ cell = 0, at, text = '' }: ICommand): void {
  const index = Math.min(at ?? Infinity, source(cell).length);
  room.sharedModel.cells[cell].updateSource(index, index, text);
}

const commands: Record<string, (command: ICommand) => unknown> = {
  insert,
  text: ({ cell }) => source(cell),
  sources: () => room.sharedModel.cells.map(cell => cell.getSource()),
  status: () => room.status,
  title: () => room.title,
  epoch: () => room.epoch,
  people: () => room.people,
  present: ({ text = '' }) => room.setActiveCell(text),
  unsent: () => room.unsent,
  restore: () => room.restoreUnsent(),
  offline: () => room.goOffline(),
  online: () => room.goOnline(),
  reload: () => {
    room.dispose();
    room = open();
  }
};

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as ICommand;
  try {
    say({ id: command.id, value: commands[command.op](command) ?? null });
  } catch (error) {
    say({ id: command.id, error: String(error) });
  }
}
room.dispose();
process.exit(0);
