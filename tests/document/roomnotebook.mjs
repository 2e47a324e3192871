// A room's notebook, as JupyterLab's widgets are given it, on the updates given on standard input (JSON: a list of hex strings): what it shows after each.
// Whatever JupyterLab's model keeps hold of must stay right, so the models are looked at, not the document.
import { readFileSync } from 'node:fs';
import * as Y from 'yjs';

import { RoomNotebook } from './lib/document/roomnotebook.js';

const updates = JSON.parse(readFileSync(0, 'utf8'));
const notebook = new RoomNotebook();
const answers = [];
for (const update of updates) {
  Y.applyUpdate(notebook.ydoc, Buffer.from(update, 'hex'));
  answers.push({
    nbformat: notebook.nbformat,
    nbformat_minor: notebook.nbformat_minor,
    metadata: notebook.metadata,
    cells: notebook.cells.map(cell => cell.toJSON())
  });
}
process.stdout.write(JSON.stringify(answers));
process.exit(0);
