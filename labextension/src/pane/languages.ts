import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';

import type { RoomNotebook } from '../document.js';
import { element, setDisabled } from './dom.js';

/** A language that the code of a room may be in, as a notebook's metadata has it. */
export interface ILanguage {
  /** The language's name in `language_info` and kernel specs: "python". */
  readonly name: string;
  /** What people call it: "Python". */
  readonly label: string;
  /** The kernel that runs it on this server, if there is one. */
  readonly kernel?: { readonly name: string; readonly displayName: string };
}

/** Offered everywhere, whether there is a kernel for it or not. */
const COMMON: readonly ILanguage[] = [
  { name: 'python', label: 'Python' },
  { name: 'r', label: 'R' },
  { name: 'julia', label: 'Julia' },
  { name: 'javascript', label: 'JavaScript' },
  { name: 'typescript', label: 'TypeScript' },
  { name: 'sql', label: 'SQL' },
  { name: 'bash', label: 'Bash' },
  { name: 'c++', label: 'C++' },
  { name: 'rust', label: 'Rust' }
];

/** The language of a room: everyone's editors follow it, and whoever may edit may change it. */
export class LanguageSelect {
  readonly node: HTMLSelectElement;

  /**
   * @param languages - What this server has kernels for; the common languages are added.
   */
  constructor(
    languages: readonly ILanguage[],
    private readonly _trans: TranslationBundle
  ) {
    const known = new Set(languages.map(({ name }) => name.toLowerCase()));
    this._languages = [...languages, ...COMMON.filter(({ name }) => !known.has(name))];
    this.node = element('select', 'jc-Language', { 'aria-label': _trans.__('Language of the code') });
    this.node.addEventListener('change', () => this._write());
  }

  /** Shows, and from now on changes, the language of this document. */
  set document(document: RoomNotebook) {
    this._document?.metadataChanged.disconnect(this._read, this);
    this._document = document;
    document.metadataChanged.connect(this._read, this);
    this._read();
  }

  /** @param why - Why the viewer cannot change the language, or `null` if they can. */
  allow(why: string | null): void {
    setDisabled(this.node, why, this._trans.__('Language of the code, for everyone in this room'));
  }

  dispose(): void {
    this._document?.metadataChanged.disconnect(this._read, this);
    this._document = null;
  }

  private _read(): void {
    const current = languageOf(this._document);
    const names = new Set(this._languages.map(({ name }) => name));
    const options = this._languages.map(({ name, label }) => element('option', '', { value: name }, label));
    if (current === '') {
      options.unshift(element('option', '', { value: '' }, this._trans.__('No language')));
    } else if (!names.has(current)) {
      options.unshift(element('option', '', { value: current }, current));
    }
    this.node.replaceChildren(...options);
    this.node.value = current;
  }

  private _write(): void {
    const language = this._languages.find(({ name }) => name === this.node.value);
    const document = this._document;
    if (language === undefined || document === null) {
      return;
    }
    document.transact(() => {
      document.setMetadata('language_info', { name: language.name });
      if (language.kernel) {
        const { name, displayName } = language.kernel;
        document.setMetadata('kernelspec', { name, display_name: displayName, language: language.name });
      } else {
        document.deleteMetadata('kernelspec');
      }
    });
  }

  private readonly _languages: readonly ILanguage[];
  private _document: RoomNotebook | null = null;
}

/** The language in a notebook's metadata; empty if it names none. */
function languageOf(document: RoomNotebook | null): string {
  const info = document?.getMetadata('language_info');
  const spec = document?.getMetadata('kernelspec');
  return textOf(info, 'name') || textOf(spec, 'language');
}

function textOf(value: PartialJSONValue | undefined, key: string): string {
  const text = typeof value === 'object' && value !== null ? (value as PartialJSONObject)[key] : undefined;
  return typeof text === 'string' ? text : '';
}
