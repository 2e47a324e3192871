import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';

import type { RoomNotebook } from '../document/roomnotebook.js';
import type { IKernelSpec } from '../rest/kernelapi.js';
import { element, setDisabled } from '../ui/dom.js';
import type { Capability } from '../wire/protocol.js';

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

/** What a choice of the select stands for: the name of a kernel or of a language. */
const KERNEL = 'kernel:';
const LANGUAGE = 'language:';

/**
 * The kernel of a room or, where there is none for it, its language: everyone's editors follow it. Whoever may run may
 * choose a kernel, and whoever may edit a language without one.
 */
export class LanguageSelect {
  readonly node: HTMLSelectElement;

  /**
   * @param languages - What the page knows of this server's kernels, until the room says more.
   * @param _choose - Gives the room another kernel; answers whether it has it.
   */
  constructor(
    languages: readonly ILanguage[],
    private readonly _choose: (kernel: string) => Promise<boolean>,
    private readonly _trans: TranslationBundle
  ) {
    this._kernels = languages.flatMap(({ name: language, kernel }) =>
      kernel ? [{ name: kernel.name, display_name: kernel.displayName, language }] : []
    );
    this.node = element('select', 'jc-Language', { 'aria-label': _trans.__('Kernel and language of the code') });
    this.node.addEventListener('change', () => void this._write());
  }

  /** The kernels that the server has. */
  set kernels(specs: readonly IKernelSpec[]) {
    this._kernels = specs;
    this._read();
  }

  /** Shows, and from now on changes, the kernel of this document. */
  set document(document: RoomNotebook) {
    this._document?.metadataChanged.disconnect(this._read, this);
    this._document = document;
    document.metadataChanged.connect(this._read, this);
    this._read();
  }

  /**
   * @param whyNotEdit - Why the viewer cannot change the language, or `null` if they can.
   * @param whyNotRun - Why they cannot change the kernel, or `null` if they can.
   */
  allow(whyNotEdit: string | null, whyNotRun: string | null): void {
    this._mayEdit = whyNotEdit === null;
    this._mayRun = whyNotRun === null;
    this._showWhatMayBeChosen();
    const why = this._mayEdit || this._mayRun ? null : whyNotEdit;
    setDisabled(this.node, why, this._trans.__('Kernel and language of the code, for everyone in this room'));
  }

  dispose(): void {
    this._document?.metadataChanged.disconnect(this._read, this);
    this._document = null;
  }

  private _read(): void {
    const trans = this._trans;
    const has = new Set(this._kernels.map(({ language }) => language.toLowerCase()));
    const kernels = this._kernels.map(({ name, display_name }) => option(KERNEL + name, display_name));
    const others = COMMON.filter(({ name }) => !has.has(name)).map(({ name, label }) => option(LANGUAGE + name, label));
    const current = this._current();
    if (![...kernels, ...others].some(({ value }) => value === current.value)) {
      others.unshift(current);
    }
    this.node.replaceChildren(
      ...(kernels.length > 0 ? [group(trans.__('Kernels'), 'run', kernels)] : []),
      group(trans.__('Without a kernel'), 'edit', others)
    );
    this.node.value = current.value;
    this._showWhatMayBeChosen();
  }

  /** A kernel is chosen by who may run, and what is no kernel by who may edit. */
  private _showWhatMayBeChosen(): void {
    this.node.querySelectorAll('optgroup').forEach(group => {
      group.disabled = !(group.dataset.needs === 'run' ? this._mayRun : this._mayEdit);
    });
  }

  /** What the document has; an option of its own where the server has no such thing. */
  private _current(): HTMLOptionElement {
    const spec = this._document?.getMetadata('kernelspec');
    const [name, label] = [textOf(spec, 'name'), textOf(spec, 'display_name')];
    if (name !== '') {
      return option(KERNEL + name, this._trans.__('%1 (not on this server)', label || name));
    }
    const language = languageOf(this._document);
    const known = this._kernels.find(kernel => kernel.language.toLowerCase() === language.toLowerCase());
    if (known !== undefined) {
      return option(KERNEL + known.name, known.display_name);
    }
    return option(LANGUAGE + language, language || this._trans.__('No language'));
  }

  private async _write(): Promise<void> {
    const { value } = this.node;
    if (value.startsWith(KERNEL)) {
      if (this._mayRun) {
        await this._choose(value.slice(KERNEL.length));
      }
    } else if (this._mayEdit) {
      this._noteLanguage(value.slice(LANGUAGE.length));
    }
    this._read();
  }

  private _noteLanguage(name: string): void {
    const document = this._document;
    document?.transact(() => {
      document.setMetadata('language_info', { name });
      document.deleteMetadata('kernelspec');
    });
  }

  private _kernels: readonly IKernelSpec[];
  private _mayEdit = false;
  private _mayRun = false;
  private _document: RoomNotebook | null = null;
}

/** Choices for those who have the capability `needs`. */
function group(label: string, needs: Capability, options: readonly HTMLElement[]): HTMLOptGroupElement {
  return element('optgroup', '', { label, 'data-needs': needs }, ...options);
}

function option(value: string, label: string): HTMLOptionElement {
  return element('option', '', { value }, label);
}

/** The language in a notebook's metadata; empty if it names none. */
export function languageOf(document: RoomNotebook | null): string {
  const info = document?.getMetadata('language_info');
  const spec = document?.getMetadata('kernelspec');
  return textOf(info, 'name') || textOf(spec, 'language');
}

function textOf(value: PartialJSONValue | undefined, key: string): string {
  const text = typeof value === 'object' && value !== null ? (value as PartialJSONObject)[key] : undefined;
  return typeof text === 'string' ? text : '';
}
