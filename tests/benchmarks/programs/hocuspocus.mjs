// A Hocuspocus server that keeps its documents in SQLite, as its own SQLite extension does: with the same statements and
// at the same moments, but through the SQLite that Node has, which need not be compiled.
//
//     node hocuspocus.mjs PORT FOLDER
//
// A document that is not in the store yet begins as FOLDER/NAME.update, a Yjs update, says.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { Database } from '@hocuspocus/extension-database';
import { Server } from '@hocuspocus/server';

const [port, folder] = process.argv.slice(2);
const store = new DatabaseSync(join(folder, 'documents.sqlite'));
store.exec('CREATE TABLE documents (name TEXT PRIMARY KEY, data BLOB NOT NULL)');
const select = store.prepare('SELECT data FROM documents WHERE name = ?');
const upsert = store.prepare(
  'INSERT INTO documents (name, data) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET data = excluded.data'
);

const database = new Database({
  fetch: async ({ documentName }) => {
    const first = join(folder, `${documentName}.update`);
    return select.get(documentName)?.data ?? (existsSync(first) ? readFileSync(first) : null);
  },
  store: async ({ documentName, state }) => {
    upsert.run(documentName, state);
  }
});

const server = new Server({ port: Number(port), address: '127.0.0.1', quiet: true, extensions: [database] });
await server.listen();
