/** What others put into a document may be anything; JupyterLab's models are given what they can show. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import type { ISharedCodeCell } from '@jupyter/ydoc';
import * as Y from 'yjs';

import { RoomNotebook } from '../lib/document/roomnotebook.js';
import { ODD_OUTPUT, showableAttachments, showableOutput } from '../lib/document/showable.js';

const notebooks: RoomNotebook[] = [];

afterEach(() => {
  notebooks.splice(0).forEach(notebook => notebook.dispose());
});

function makeNotebook(): RoomNotebook {
  notebooks.push(new RoomNotebook());
  return notebooks[notebooks.length - 1];
}

test('an output that is one stays as it is', () => {
  const outputs = [
    { output_type: 'stream', name: 'stdout', text: 'a\n' },
    { output_type: 'stream', name: 'stdout', text: ['a\n', 'b'] },
    { output_type: 'display_data', data: {}, metadata: {} },
    { output_type: 'execute_result', data: { 'text/plain': '1' }, metadata: {}, execution_count: 1 },
    { output_type: 'error', ename: 'E', evalue: 'no', traceback: [] }
  ];
  assert.deepEqual(outputs.map(showableOutput), outputs);
});

test('what is no output is replaced by one that says why', () => {
  const odd = (output: unknown): unknown => (showableOutput(output).data as Record<string, unknown>)[ODD_OUTPUT];
  assert.deepEqual([null, 5, 'boom', []].map(odd), ['output', 'output', 'output', 'output']);
  assert.deepEqual([{}, { output_type: 5 }, { output_type: 'boom' }].map(odd), ['type', 'type', 'type']);
  assert.equal(odd({ output_type: 'stream', text: [5] }), 'text');
  assert.equal(odd({ output_type: 'display_data', data: 'boom' }), 'data');
  assert.equal(odd({ output_type: 'error', traceback: 'boom' }), 'error');
});

test('attachments that are none are left out', () => {
  assert.equal(showableAttachments('boom'), undefined);
  const dot = { 'image/png': '' };
  assert.deepEqual(showableAttachments({ dot, none: null, text: 'boom' }), { dot });
});

/** What JupyterLab's model of a cell's outputs does with changes; it fails where that does. */
class Model {
  readonly outputs: Record<string, unknown>[] = [];

  /** How many outputs were added one after the other. */
  added = 0;

  get shown(): unknown[] {
    return this.outputs.map(output => output.text ?? (output.data as Record<string, unknown>)[ODD_OUTPUT]);
  }

  follow(outputs: IPart<object[]>[], stream: IPart<string>[]): void {
    const last = this.outputs[this.outputs.length - 1] as Record<string, unknown> | undefined;
    for (const part of stream) {
      assert.equal(last?.output_type, 'stream');
      const text = last.text as string;
      last.text = text.slice(0, text.length - (part.delete ?? 0)) + (part.insert ?? '');
    }
    let index = 0;
    for (const part of outputs) {
      index += part.retain ?? 0;
      this.outputs.splice(index, part.delete ?? 0);
      for (const output of part.insert ?? []) {
        this.outputs.push({ ...('toJSON' in output ? (output as Y.Map<unknown>).toJSON() : output) });
        this.added += 1;
      }
    }
  }
}

interface IPart<T> {
  readonly insert?: T;
  readonly delete?: number;
  readonly retain?: number;
}

/** A notebook of one code cell, with the model of its outputs that a page has; and the outputs in the document. */
function open(): { notebook: RoomNotebook; model: Model; outputs: Y.Array<unknown> } {
  const notebook = makeNotebook();
  notebook.insertCell(0, { cell_type: 'code', id: 'c', source: '', metadata: {} });
  const model = new Model();
  (notebook.cells[0] as ISharedCodeCell).changed.connect((_, { outputsChange, streamOutputChange }) => {
    model.follow((outputsChange ?? []) as IPart<object[]>[], (streamOutputChange ?? []) as unknown as IPart<string>[]);
  });
  const cell = notebook.ydoc.getArray<Y.Map<unknown>>('cells').get(0);
  return { notebook, model, outputs: cell.get('outputs') as Y.Array<unknown> };
}

function streamOf(text: string, name = 'stdout'): { map: Y.Map<unknown>; text: Y.Text } {
  const shared = new Y.Text(text);
  return { map: new Y.Map<unknown>(Object.entries({ output_type: 'stream', name, text: shared })), text: shared };
}

test('outputs that come to an open cell are shown, whatever they are', () => {
  const { model, outputs } = open();
  outputs.push([null, streamOf('fine').map, new Y.Map([['output_type', 'stream']]), 'boom']);
  assert.deepEqual(model.shown, ['output', 'fine', 'text', 'output']);
});

test('what is printed behind is added to the last output alone', () => {
  const { notebook, model, outputs } = open();
  const [out, err] = [streamOf('out'), streamOf('err', 'stderr')];
  outputs.push([out.map]);
  notebook.ydoc.transact(() => {
    out.text.insert(3, ' more');
    outputs.push([err.map]);
  });
  assert.deepEqual(model.shown, ['out more', 'err']);
  assert.equal(model.added, 2);
});

test('a text that changes in another output than the last is shown there', () => {
  const { model, outputs } = open();
  const out = streamOf('out');
  outputs.push([out.map, null]);
  out.text.insert(3, ' more');
  assert.deepEqual(model.shown, ['out more', 'output']);
});

test('an output that stops being one is replaced', () => {
  const { model, outputs } = open();
  const out = streamOf('out');
  outputs.push([out.map]);
  out.map.set('text', 5);
  assert.deepEqual(model.shown, ['text']);
});

test('metadata of a notebook that are no map are as if there were none, until somebody sets some', () => {
  const notebook = makeNotebook();
  const meta = notebook.ydoc.getMap('meta');
  meta.set('metadata', new Y.Map([['a', 1]]));
  meta.set('metadata', 'boom');
  assert.deepEqual([notebook.getMetadata(), notebook.getMetadata('a')], [{}, undefined]);
  notebook.deleteMetadata('a');
  assert.equal(meta.get('metadata'), 'boom');
  notebook.setMetadata('language_info', { name: 'julia' });
  assert.deepEqual(notebook.getMetadata(), { language_info: { name: 'julia' } });
});
