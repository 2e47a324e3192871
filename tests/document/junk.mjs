// Writes junk.json: updates that a peer with yjs may send. Run it where `yjs` can be imported:
//   node junk.mjs > junk.json
import * as Y from 'yjs';

/** What each of `writers`, who do not know of each other, writes. */
function update(...writers) {
  const updates = writers.map((write, number) => {
    const doc = new Y.Doc();
    doc.clientID = 7 + number;
    write(doc);
    return Y.encodeStateAsUpdate(doc);
  });
  return Buffer.from(Y.mergeUpdates(updates)).toString('hex');
}

const cell = entries => new Y.Map(Object.entries(entries));
const insert = (doc, ...items) => doc.getArray('cells').insert(0, items);

console.log(
  JSON.stringify(
    {
      'cells as text': update(doc => doc.getText('cells').insert(0, 'héy😀')),
      'cells as text and as array': update(
        doc => doc.getText('cells').insert(0, 'a😀b'),
        doc => insert(doc, cell({ cell_type: 'markdown', source: new Y.Text('ß') }), 5),
        doc => doc.getText('cells').insert(0, '😀')
      ),
      'cells as map': update(doc => doc.getMap('cells').set('a', cell({ metadata: { trusted: true } }))),
      'cells as XML': update(doc => doc.getXmlFragment('cells').insert(0, [new Y.XmlText('hi'), new Y.XmlElement('b')])),
      'values among cells': update(doc =>
        insert(
          doc, 1, 's', '😀', null, true, NaN, Infinity, new Uint8Array([1, 2]), { a: 1, b: [1.5, { c: 2 }] }, [1],
          new Y.Text('t😀'), new Y.Array(), new Y.XmlElement('x'), new Y.XmlText('y'), new Y.XmlFragment(), new Y.Doc(),
          cell({ cell_type: 'code', source: 5 }), new Y.XmlHook('h')
        )
      ),
      'wrong types in a cell': update(doc =>
        insert(
          doc,
          cell({
            cell_type: 'code', source: new Y.XmlText('x'), metadata: new Y.Text('m'), outputs: new Y.Map(), id: 7,
            execution_count: BigInt(10)
          }),
          cell({ cell_type: 'code', id: 'ok', source: 'plain', metadata: { trusted: true, tags: 5 }, outputs: [5] })
        )
      ),
      'embedded in a source': update(doc => {
        const text = new Y.Text('ab');
        insert(doc, cell({ cell_type: 'markdown', source: text }));
        text.insertEmbed(1, { x: 1 });
        text.format(0, 1, { bold: true });
        text.insertEmbed(0, new Y.Map());
      }),
      'meta and state of other types': update(doc => {
        doc.getText('meta').insert(0, 'x😀');
        doc.getArray('state').insert(0, [1]);
      }),
      'metadata as text': update(doc => doc.getMap('meta').set('metadata', new Y.Text('x'))),
      'outputs of all kinds': update(doc =>
        insert(
          doc,
          cell({
            cell_type: 'code', id: 'o', source: new Y.Text(''), metadata: new Y.Map(),
            outputs: Y.Array.from([
              new Y.Map([['output_type', 'stream'], ['name', 'stdout'], ['text', new Y.Text('é😀')]]),
              { output_type: 'error', ename: 'E', evalue: 'v', traceback: ['t'] },
              new Y.Map([['output_type', 'display_data'], ['data', new Y.Map([['text/plain', new Y.Text('x')]])]]),
              { output_type: 'noise' }, 5
            ])
          })
        )
      )
    },
    null,
    1
  )
);
