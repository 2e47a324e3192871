/** Two pages that show one notebook, shared between them by other means, do not copy each other's copies. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { YNotebook } from '@jupyter/ydoc';
import * as Y from 'yjs';

import { NotebookBinder } from '../lib/bind/binder.js';
import { hashOf, LINK_KEY, readLink } from '../lib/bind/metadata.js';
import { RoomHandle } from '../lib/rooms/manager.js';
import { Room } from '../lib/rooms/room.js';
import { ServerDouble } from './server.js';
import { settle, until } from './wait.js';

const KEY = 'notebook:7';
const QUICK = { edits: 1, presence: 1, retry: 1, maxRetry: 4, slowDown: 1 };

const disposables: { dispose(): void }[] = [];

afterEach(() => {
  disposables.splice(0).forEach(disposable => disposable.dispose());
});

/** One of the pages. */
class Page {
  constructor(server: ServerDouble) {
    const join = (id: string): RoomHandle => {
      this.room = new Room({ id, server: server.server, network: null, times: QUICK, persistence: null });
      return new RoomHandle(this.room, () => this.room?.dispose());
    };
    const takeTurns = (room: Room): ReturnType<Room['lease']> => room.lease(KEY);
    this.notebook = new YNotebook();
    this.binder = new NotebookBinder({ notebook: this.notebook, join, takeTurns });
    disposables.unshift(this.binder, this.notebook);
  }

  readonly notebook: YNotebook;
  readonly binder: NotebookBinder;
  room: Room | null = null;

  get text(): string {
    return this.notebook.cells[0]?.getSource() ?? '';
  }

  get state(): string | null {
    return this.binder.bindings[0]?.state ?? null;
  }

  type(text: string): void {
    this.notebook.cells[0].updateSource(this.text.length, this.text.length, text);
  }

  async reaches(...states: string[]): Promise<void> {
    await until(
      () => states.includes(this.state ?? ''),
      () => `the cell is ${states.join(' or ')}; it is ${this.state}`
    );
  }
}

/** Keeps the documents of two pages the same, as a server of notebooks would, a while after each change. */
function connect(one: YNotebook, other: YNotebook): void {
  const network = {};
  for (const [from, to] of [
    [one, other],
    [other, one]
  ]) {
    from.ydoc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== network) {
        setImmediate(() => setImmediate(() => Y.applyUpdate(to.ydoc, update, network)));
      }
    });
  }
}

/** Two pages with one notebook, whose only cell has this text and link. */
function openTwice(server: ServerDouble, source: string): [Page, Page] {
  const pages: [Page, Page] = [new Page(server), new Page(server)];
  connect(pages[0].notebook, pages[1].notebook);
  const link = { room: 'demo', cell: 'first', base: hashOf(source) };
  pages[0].notebook.insertCell(0, { cell_type: 'code', source, metadata: { [LINK_KEY]: link } });
  return pages;
}

function startServer(text: string): ServerDouble {
  const server = new ServerDouble();
  server.startEpoch('epoch-1', text);
  disposables.push(server);
  return server;
}

async function openAndWait(server: ServerDouble, source: string): Promise<{ holder: Page; follower: Page }> {
  const pages = openTwice(server, source);
  await pages[0].reaches('shared', 'elsewhere');
  await pages[1].reaches('shared', 'elsewhere');
  const holder = pages[0].state === 'shared' ? pages[0] : pages[1];
  const follower = holder === pages[0] ? pages[1] : pages[0];
  await holder.reaches('shared');
  await follower.reaches('elsewhere');
  return { holder, follower };
}

async function allAre(server: ServerDouble, pages: readonly Page[], text: string): Promise<void> {
  const seen = (): string => JSON.stringify([server.text, ...pages.map(page => page.text)]);
  await until(
    () => [server.text, ...pages.map(page => page.text)].every(found => found === text),
    () => `all have ${text}; they have ${seen()}`
  );
  await settle();
  assert.equal(new Set([server.text, ...pages.map(page => page.text)]).size, 1, seen());
}

test('what any of three types comes to all, once', async () => {
  const server = startServer('x');
  const { holder, follower } = await openAndWait(server, 'x');
  holder.type('1');
  await allAre(server, [holder, follower], 'x1');
  follower.type('2');
  await allAre(server, [holder, follower], 'x12');
  server.edit(0, '0');
  await allAre(server, [holder, follower], '0x12');
});

test('all type at once: nothing is lost, and nothing doubled', async () => {
  const server = startServer('');
  const { holder, follower } = await openAndWait(server, '');
  for (let step = 0; step < 25; step += 1) {
    holder.type('h');
    server.edit(0, 's');
    follower.type('f');
    if (step % 3 === 0) {
      await settle();
    }
  }
  await until(
    () => server.text.length === 75,
    () => `75 characters are there; there is ${server.text}`
  );
  await settle();
  assert.deepEqual([holder.text, follower.text], [server.text, server.text]);
  assert.deepEqual(
    ['h', 's', 'f'].map(letter => server.text.split(letter).length - 1),
    [25, 25, 25]
  );
});

test('when the page that does it is closed, the other one takes over', async () => {
  const server = startServer('x');
  const { holder, follower } = await openAndWait(server, 'x');
  holder.type('1');
  await allAre(server, [holder, follower], 'x1');
  holder.binder.dispose();
  await follower.reaches('shared');
  follower.type('2');
  await allAre(server, [follower], 'x12');
  server.edit(0, '0');
  await allAre(server, [follower], '0x12');
});

test('a page that is to make way stops at once, and then lets the next one go on', async () => {
  const server = startServer('x');
  const { holder, follower } = await openAndWait(server, 'x');
  holder.type('1');
  await allAre(server, [holder, follower], 'x1');
  server.recallLease(KEY);
  await holder.reaches('elsewhere');
  assert.equal(follower.state, 'elsewhere');
  await follower.reaches('shared');
  assert.equal(holder.state, 'elsewhere');
  server.edit(0, '0');
  await allAre(server, [holder, follower], '0x1');
  follower.binder.dispose();
  await holder.reaches('shared');
});

test('the page that takes over merges what was typed while nobody did it', async () => {
  const server = startServer('middle');
  const { holder, follower } = await openAndWait(server, 'middle');
  server.isUp = false;
  server.close(1006);
  await holder.reaches('offline');
  await follower.reaches('offline');
  follower.type(' end');
  await until(() => holder.text === 'middle end', 'the notebook is still one');
  server.edit(0, 'start ');
  server.isUp = true;
  await allAre(server, [holder, follower], 'start middle end');
  assert.deepEqual(
    [holder, follower].map(page => page.binder.bindings[0].kept),
    [[], []]
  );
});

test('the notebook is told which text is shared, as nobody tells that it is saved', async () => {
  const server = startServer('x');
  const { holder, follower } = await openAndWait(server, 'x');
  holder.type('1');
  await until(() => readLink(follower.notebook.cells[0])?.base === hashOf('x1'), 'the notebook says so');
});
