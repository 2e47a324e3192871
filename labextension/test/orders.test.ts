/** Whatever several people do to cells, in whatever order they hear of it: each word that they typed is there once. */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';

import { makeRandom } from './chance.js';
import { openPages, type Page } from './notebooks.js';

/** How many plays there are; more by `PLAYS`, from another one on by `FROM`. */
const PLAYS = Number(process.env.PLAYS ?? 100);
const FROM = Number(process.env.FROM ?? 1);

/** How much happens in one. */
const STEPS = Number(process.env.STEPS ?? 60);

type Act = (scene: Play, page: Page, index: number) => void;

const ACTS: Readonly<Record<string, Act>> = {
  type: (scene, page, index) => scene.type(page, index),
  'type again': (scene, page, index) => scene.type(page, index),
  'type more': (scene, page, index) => scene.type(page, index),
  move: (scene, page, index) => page.move(page.ids[index], scene.random(page.ids.length)),
  retype: (scene, page, index) => page.retype(page.ids[index], ['code', 'markdown', 'raw'][scene.random(3)]),
  insert: (_, page, index) => page.insert(index, ''),
  merge: (_, page, index) => {
    if (page.ids.length > 1) {
      page.notebook.mergeCells(index, [index === 0 ? 1 : index - 1]);
    }
  },
  split: (scene, page, index) => page.notebook.splitCell(index, [scene.chooseBoundary(page.texts[index])]),
  delete: (scene, page, index) => {
    if (page.ids.length > 2) {
      scene.drop(page, wordsIn(page.texts[index]));
      page.remove(page.ids[index]);
    }
  },
  wipe: (scene, page, index) => {
    // Who composes may see a word twice until they are done, and would delete one of the two.
    const word = wordsIn(page.texts[index]).find(candidate => !doubledIn(page).includes(candidate));
    if (word !== undefined) {
      const start = page.texts[index].indexOf(word);
      scene.wipe(word);
      page.cell(page.ids[index]).updateSource(start, start + word.length, '');
    }
  },
  'bring back': (scene, page) => {
    const late = page.notebook.lateCells;
    if (late.length > 0) {
      page.notebook.restoreLate(late[scene.random(late.length)].id);
    }
  },
  compose: (scene, page) => scene.holdOrRelease(page),
  undo: (scene, page) => scene.dropWhatGoes(page, () => page.notebook.undo()),
  redo: (scene, page) => scene.dropWhatGoes(page, () => page.notebook.redo())
};

const NAMES = Object.keys(ACTS);

/** Three people, and the server that gives each what the others did, in one order. */
class Play {
  constructor(seed: number) {
    this.random = makeRandom(seed);
    this.pages = openPages(['Ada', 'Ben', 'Cleo'], ['p', 'q', 'r', 's']);
    this._heard = this.pages.map(() => 0);
  }

  readonly pages: Page[];
  readonly log: string[] = [];
  readonly random: (below: number) => number;

  /** The words that must not be there. */
  readonly wiped = new Set<string>();

  /** The words that must be there. */
  get words(): string[] {
    return this._words.filter(word => !this._dropped.has(word));
  }

  run(): void {
    for (let step = 0; step < STEPS; step += 1) {
      const page = this.random(this.pages.length);
      if (this.random(3) === 0) {
        this._hear(page, 1 + this.random(5));
      } else {
        this._act(this.pages[page]);
      }
    }
    this.pages.forEach(page => page.notebook.showChanges());
    for (let told = -1; told < this._updates.length;) {
      told = this._updates.length;
      this.pages.forEach((_, page) => this._hear(page, Infinity));
    }
  }

  dispose(): void {
    this.pages.forEach(page => page.dispose());
  }

  type(page: Page, index: number): void {
    const word = `<${page.name[0]}${this._words.length}>`;
    this._words.push(word);
    page.type(page.ids[index], word, this.chooseBoundary(page.texts[index]));
  }

  /** A place between words. */
  chooseBoundary(text: string): number {
    const places = [0, text.length, ...[...text.matchAll(/>/g)].map(({ index }) => index + 1)];
    return places[this.random(places.length)];
  }

  /** An input method composes in a page, or has done so. */
  holdOrRelease(page: Page): void {
    const hold = this._holds.get(page);
    if (hold === undefined) {
      this._holds.set(page, page.notebook.holdChanges());
    } else {
      hold.dispose();
      this._holds.delete(page);
    }
  }

  /** Somebody deletes a word, for good. */
  wipe(word: string): void {
    this._dropped.add(word);
    this.wiped.add(word);
  }

  /** Words go with their cell, knowingly, until somebody brings it back. */
  drop(page: Page, words: readonly string[]): void {
    const deleted = this._deletedBy.get(page) ?? new Set();
    this._deletedBy.set(page, deleted);
    words.forEach(word => [this._dropped, deleted].forEach(set => set.add(word)));
  }

  /** With a cell that somebody made, or deletes again, goes what they typed themselves or had deleted before. */
  dropWhatGoes(page: Page, act: () => void): void {
    const before = page.texts.flatMap(wordsIn);
    act();
    const after = new Set(page.texts.flatMap(wordsIn));
    const mayGo = (word: string): boolean => word[1] === page.name[0] || this._deletedBy.get(page)?.has(word) === true;
    this.drop(
      page,
      before.filter(word => !after.has(word) && mayGo(word))
    );
  }

  private _act(page: Page): void {
    if (page.ids.length === 0) {
      page.insert(0, '');
      return;
    }
    const name = NAMES[this.random(NAMES.length)];
    const index = this.random(page.ids.length);
    this.log.push(`${page.name}: ${name} ${page.ids[index]}`);
    const before = doubledIn(page);
    ACTS[name](this, page, index);
    if (this._holds.has(page)) {
      // What others did is not put in order while somebody composes.
      return;
    }
    assert.deepEqual(
      doubledIn(page).filter(word => !before.includes(word)),
      [],
      `${name}\n${this.log.join('\n')}`
    );
  }

  /** A page tells what it did, and hears some of what others did. */
  private _hear(page: number, count: number): void {
    this.log.push(`${this.pages[page].name} hears`);
    this._tell(page);
    const start = this._heard[page];
    this._heard[page] = Math.min(start + count, this._updates.length);
    for (const { from, update } of this._updates.slice(start, start + count)) {
      if (from !== page) {
        this.pages[page].receive(update);
      }
    }
    this._tell(page);
  }

  private _tell(page: number): void {
    this._updates.push(...this.pages[page].sent.splice(0).map(update => ({ from: page, update })));
  }

  private readonly _updates: { from: number; update: Uint8Array }[] = [];
  /** How many updates each page has heard. */
  private readonly _heard: number[];
  private readonly _holds = new Map<Page, { dispose(): void }>();
  private readonly _words: string[] = [];
  private readonly _dropped = new Set<string>();
  /** What each deleted with a cell. */
  private readonly _deletedBy = new Map<Page, Set<string>>();
}

function wordsIn(text: string): string[] {
  return [...text.matchAll(/<\w+>/g)].map(([word]) => word);
}

/** The words that are there more than once. */
function doubledIn(page: Page): string[] {
  const words = page.texts.flatMap(wordsIn);
  return words.filter((word, place) => words.indexOf(word) !== place);
}

const { randomFillSync } = crypto;
const { now } = Date;
let play: Play;

beforeEach(() => {
  Date.now = () => 0;
});

afterEach(() => {
  play.dispose();
  crypto.randomFillSync = randomFillSync;
  Date.now = now;
});

/** Names of things depend on nothing but the seed. */
function fixNames(seed: number): void {
  const random = makeRandom(seed);
  crypto.randomFillSync = <T extends NodeJS.ArrayBufferView>(buffer: T): T => {
    new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).forEach((_, index, all) => {
      all[index] = random(256);
    });
    return buffer;
  };
}

function check(seed: number): void {
  fixNames(seed);
  play = new Play(seed);
  play.run();
  const [first, ...others] = play.pages;
  for (const other of others) {
    assert.deepEqual([other.ids, other.texts], [first.ids, first.texts]);
    assert.deepEqual(other.notebook.lateCells, first.notebook.lateCells);
  }
  const shown = first.texts.join('\n');
  const late = first.notebook.lateCells.map(cell => cell.source).join('\n');
  const wrong = play.words.filter(word => {
    const times = shown.split(word).length - 1;
    return times !== 1 && !(times === 0 && late.includes(word));
  });
  const report = `\n${shown}\nlate: ${late}\n${play.log.join('\n')}`;
  assert.deepEqual(wrong, [], report);
  assert.deepEqual(
    [...play.wiped].filter(word => shown.includes(word)),
    [],
    `came back: ${report}`
  );
}

for (let seed = FROM; seed < FROM + PLAYS; seed += 1) {
  test(`everybody ends with the same, and with every word once (play ${seed})`, () => check(seed));
}
