// A person with npm's y-websocket, driven by JSON lines: commands on stdin, replies and events on stdout.
//
//   node peer.mjs ADDRESS ROOM PARAMETERS [HASTE]
//
// ADDRESS is ws://…/api/collab/room, PARAMETERS the JSON object of query parameters. With HASTE all clocks and timers
// of the process run that many times as fast, so that a test sees minutes in seconds.

import { createInterface } from 'node:readline';

const [address, room, parameters, haste = '1'] = process.argv.slice(2);
hurry(Number(haste));

// Imported after the clock was set: lib0 takes hold of Date.now when it is loaded.
const { WebSocket } = await import('ws');
const Y = await import('yjs');
const { WebsocketProvider } = await import('y-websocket');

const doc = new Y.Doc();
const provider = new WebsocketProvider(address, room, doc, {
  WebSocketPolyfill: WebSocket,
  disableBc: true, // nothing but the server may connect two peers
  params: JSON.parse(parameters)
});

const commands = {
  /** Insert text into the source of a cell, counting UTF-16 units. */
  insert: ({ cell = 0, at, text }) => source(cell).insert(at, text),
  append: ({ cell = 0, text }) => source(cell).insert(source(cell).length, text),
  delete: ({ cell = 0, at, length }) => source(cell).delete(at, length),
  text: ({ cell = 0 }) => source(cell).toString(),
  json: ({ root, type }) => root_type(root, type).toJSON(),
  set: ({ root, key, value }) => {
    doc.getMap(root).set(key, value);
  },
  push: ({ root, value }) => doc.getArray(root).push([value]),
  write: ({ root, text }) => doc.getText(root).insert(doc.getText(root).length, text),
  /** Tell the others about oneself. */
  present: ({ state }) => provider.awareness.setLocalState(state),
  states: () => Array.from(provider.awareness.getStates().entries()).filter(([id]) => id !== doc.clientID),
  client_id: () => doc.clientID,
  synced: () => provider.synced,
  state_vector: () => Object.fromEntries(Y.decodeStateVector(Y.encodeStateVector(doc))),
  disconnect: () => provider.disconnect(),
  connect: () => provider.connect()
};

provider.on('status', ({ status }) => say({ event: status }));
provider.on('sync', synced => synced && say({ event: 'synced' }));
provider.on('connection-close', event => say({ event: 'close', code: event?.code ?? null, reason: event?.reason ?? '' }));
provider.on('closed', ({ code, reason }) => say({ event: 'gave up', code, reason }));

for await (const line of createInterface({ input: process.stdin })) {
  const { id, op, ...rest } = JSON.parse(line);
  try {
    say({ id, value: commands[op](rest) ?? null });
  } catch (error) {
    say({ id, error: String(error) });
  }
}
provider.destroy();
process.exit(0);

function source(cell) {
  return doc.getArray('cells').get(cell).get('source');
}

function root_type(root, type) {
  return { text: () => doc.getText(root), array: () => doc.getArray(root), map: () => doc.getMap(root) }[type]();
}

function say(message) {
  process.stdout.write(JSON.stringify(message) + '\n');
}

function hurry(times) {
  const { now } = Date;
  const start = now();
  Date.now = () => start + (now() - start) * times;
  for (const name of ['setInterval', 'setTimeout']) {
    const original = globalThis[name];
    globalThis[name] = (callback, delay, ...rest) => original(callback, delay / times, ...rest);
  }
}
