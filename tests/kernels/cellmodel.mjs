// JupyterLab's own model of a code cell on the updates given on standard input (JSON: a list of hex strings): which
// outputs it shows after each, and how many edits it made by itself.
import { YNotebook } from '@jupyter/ydoc';
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import * as Y from 'yjs';

// Node cannot load JupyterLab's packages as they are, and not the parts that need a page: only the models are loaded.
const models = {
  '@jupyterlab/attachments': ['attachments/lib/model.js'],
  '@jupyterlab/codeeditor': ['codeeditor/lib/editor.js'],
  '@jupyterlab/outputarea': ['outputarea/lib/model.js'],
  '@jupyterlab/rendermime': ['rendermime/lib/outputmodel.js', 'rendermime/lib/attachmentmodel.js']
};
const hooks = `
const models = ${JSON.stringify(models)};
export async function resolve(specifier, context, next) {
  if (specifier in models) return { url: 'models:' + specifier, shortCircuit: true };
  for (const ending of ['', '.js', '/index.js']) {
    try {
      return await next(specifier + ending, context);
    } catch (error) {
      if (ending === '/index.js') throw error;
    }
  }
}
export async function load(url, context, next) {
  if (!url.startsWith('models:')) return next(url, context);
  const exports = models[url.slice(7)].map(file => "export * from '" + ${JSON.stringify(`file://${process.cwd()}/node_modules/@jupyterlab/`)} + file + "';");
  return { format: 'module', shortCircuit: true, source: exports.join('') + 'export const imageRendererFactory = {};' };
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
const { CodeCellModel } = await import('@jupyterlab/cells/lib/model.js');

const updates = JSON.parse(readFileSync(0, 'utf8'));
const notebook = new YNotebook();
Y.applyUpdate(notebook.ydoc, Buffer.from(updates.shift(), 'hex'));
const model = new CodeCellModel({ sharedModel: notebook.cells[0] });
let ownEdits = 0;
notebook.ydoc.on('update', (update, origin) => (ownEdits += origin === 'server' ? 0 : 1));
const answers = updates.map(update => {
  Y.applyUpdate(notebook.ydoc, Buffer.from(update, 'hex'), 'server');
  return { outputs: model.outputs.toJSON(), count: model.executionCount, ownEdits };
});
process.stdout.write(JSON.stringify(answers));
process.exit(0);
