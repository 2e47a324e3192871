// Histories made by npm's Yjs, as JSON lines: for each seed, the updates in the order in which a server hears them.
// Two or three people edit documents of all shared types, exchange what they have now and then, and the server hears
// some of it merged, late, twice, in part, or never.
import * as Y from 'yjs';

const [first, count, largest] = process.argv.slice(-3).map(Number);

/** Numbers from 0 up to 1 that are the same for a seed (mulberry32). */
function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function history(seed) {
  const random = chance(seed);
  const below = limit => Math.floor(random() * limit);
  const pick = list => list[below(list.length)];
  const words = ['a', 'bc', '\n', 'é', '漢字', 'x'.repeat(30), '', 'tab\t'];
  const values = [1, -7, 2 ** 40, 1.5, NaN, true, null, 'word', [1, ['two']], { a: { b: [], c: undefined, d: 7n } }, new Uint8Array([1, 2])];
  const made = [
    () => new Y.Map([['k', 1]]),
    () => Y.Array.from([1, 2]),
    () => new Y.Text('nested'),
    () => new Y.XmlElement('p'),
    () => new Y.XmlFragment()
  ];
  const something = () => (random() < 0.3 ? pick(made)() : pick(values));

  const people = Array.from({ length: 2 + below(2) }, (_, number) => {
    const doc = new Y.Doc({ gc: random() < 0.7 });
    doc.clientID = 1 + below(3) * 2 ** 20 + number * 1000 + below(1000);
    const said = [];
    doc.on('update', (update, origin) => origin !== 'others' && said.push(update));
    const undo = new Y.UndoManager([doc.getText('t'), doc.getArray('a'), doc.getMap('m')], { captureTimeout: 0 });
    return { doc, said, undo };
  });

  const holders = (doc, kind) => {
    const found = [kind === Y.Map ? doc.getMap('m') : kind === Y.Array ? doc.getArray('a') : doc.getText('t')];
    const look = type => {
      const children = type instanceof Y.Map ? [...type.values()] : type instanceof Y.Array ? type.toArray() : [];
      for (const child of children) {
        if (child instanceof kind) {
          found.push(child);
        }
        if (child instanceof Y.AbstractType) {
          look(child);
        }
      }
    };
    look(doc.getMap('m'));
    look(doc.getArray('a'));
    return found;
  };

  const everything = [
    ({ doc }) => {
      const text = pick(holders(doc, Y.Text));
      text.insert(below(text.length + 1), pick(words) || 'z');
    },
    ({ doc }) => {
      const text = pick(holders(doc, Y.Text));
      const at = below(text.length + 1);
      text.delete(at, below(text.length - at + 1));
    },
    ({ doc }) => {
      const text = pick(holders(doc, Y.Text));
      const at = below(text.length + 1);
      text.format(at, below(text.length - at + 1), { bold: pick([true, null, 'very']) });
    },
    ({ doc }) => {
      const text = doc.getText('t');
      text.insertEmbed(below(text.length + 1), { image: 1 });
    },
    ({ doc }) => {
      const array = pick(holders(doc, Y.Array));
      array.insert(below(array.length + 1), Array.from({ length: 1 + below(3) }, something));
    },
    ({ doc }) => {
      const array = pick(holders(doc, Y.Array));
      const at = below(array.length + 1);
      array.delete(at, below(array.length - at + 1));
    },
    ({ doc }) => pick(holders(doc, Y.Map)).set(pick(['k', 'l', 'm']), something()),
    ({ doc }) => pick(holders(doc, Y.Map)).delete(pick(['k', 'l', 'm'])),
    ({ doc }) => {
      const xml = doc.getXmlFragment('x');
      xml.insert(below(xml.length + 1), [pick([() => new Y.XmlElement('q'), () => new Y.XmlText('words')])()]);
    },
    ({ doc }) => {
      const xml = doc.getXmlFragment('x');
      xml.delete(0, Math.min(xml.length, 1));
    },
    ({ undo }) => undo.undo(),
    ({ undo }) => undo.redo()
  ];

  const insert = ({ doc }) => {
    const text = pick(holders(doc, Y.Text));
    text.insert(below(text.length + 1), pick(['a', 'bc', 'def']));
  };
  const erase = ({ doc }) => {
    const text = pick(holders(doc, Y.Text));
    const at = below(text.length + 1);
    text.delete(at, below(Math.min(4, text.length - at + 1)));
  };
  const nest = ({ doc }) => {
    const array = pick(holders(doc, Y.Array));
    array.insert(below(array.length + 1), [pick([() => new Y.Text('abc'), () => Y.Array.from([1, 2])])()]);
  };
  const unnest = ({ doc }) => {
    const array = pick(holders(doc, Y.Array));
    array.delete(below(array.length), Math.min(array.length, 1));
  };
  const undo = person => person.undo.undo();
  const redo = person => person.undo.redo();
  // Undoing makes deleted types again, and says oddly between which two it puts what was in them.
  const undoing = [insert, insert, insert, erase, erase, nest, unnest, unnest, undo, undo, undo, redo, redo];
  const acts = random() < 0.3 ? undoing : everything;

  const heard = [];
  const held = [];
  const tell = update => {
    const luck = random();
    if (luck < 0.1) {
      held.push(update);
    } else if (luck < 0.993) {
      heard.push(update);
    }
  };
  for (let step = 0; step < largest; step++) {
    const person = pick(people);
    const several = random() < 0.2 ? 1 + below(5) : 1;
    person.doc.transact(() => {
      for (let act = 0; act < several; act++) {
        pick(acts)(person);
      }
    });
    person.said.splice(0).forEach(tell);
    const luck = random();
    if (luck < 0.2) {
      const other = pick(people);
      Y.applyUpdate(other.doc, Y.encodeStateAsUpdate(person.doc, Y.encodeStateVector(other.doc)), 'others');
    } else if (luck < 0.27 && held.length > 0) {
      heard.push(random() < 0.5 ? Y.mergeUpdates(held.splice(0)) : held.splice(below(held.length), 1)[0]);
    } else if (luck < 0.32) {
      heard.push(Y.encodeStateAsUpdate(person.doc, Y.encodeStateVector(pick(people).doc)));
    } else if (luck < 0.34) {
      heard.push(Y.encodeStateAsUpdate(person.doc));
    } else if (luck < 0.38 && heard.length > 2) {
      heard.push(Y.mergeUpdates([pick(heard), pick(heard), pick(heard)]));
    }
  }
  return heard;
}

for (let seed = first; seed < first + count; seed++) {
  process.stdout.write(JSON.stringify(history(seed).map(update => Buffer.from(update).toString('hex'))) + '\n');
}
