import { Notebook } from '@jupyterlab/notebook';
import type { IEditorMimeTypeService } from '@jupyterlab/codeeditor';
import {
  CodeMirrorEditorFactory,
  CodeMirrorMimeTypeService,
  EditorExtensionRegistry,
  EditorLanguageRegistry,
  EditorThemeRegistry,
  ybinding,
  type IEditorExtensionFactory
} from '@jupyterlab/codemirror';
import { RenderMimeRegistry, standardRendererFactories, type IRenderMime } from '@jupyterlab/rendermime';
import type { IYText } from '@jupyter/ydoc';

import { roomExtensions } from '../lib/editor/extensions.js';

/** What JupyterLab's plugins make for its notebooks, and nobody else makes here. */
export interface IEditors {
  readonly rendermime: RenderMimeRegistry;
  readonly contentFactory: Notebook.IContentFactory;
  readonly mimeTypeService: IEditorMimeTypeService;
}

/** Editors bound to the shared texts, and renderers; what is large is loaded when it is first wanted. */
export function makeEditors(): IEditors {
  const languages = makeLanguages();
  const extensions = new EditorExtensionRegistry();
  const known = EditorExtensionRegistry.getDefaultExtensions({ themes: makeThemes() });
  for (const extension of [...known, bindingExtension, ...roomExtensions]) {
    extensions.addExtension(extension);
  }
  const editors = new CodeMirrorEditorFactory({ extensions, languages });
  return {
    rendermime: new RenderMimeRegistry({
      initialFactories: standardRendererFactories,
      latexTypesetter: new LazyTypesetter(),
      markdownParser: new LazyParser(languages),
      resolver: NOTHING_IS_LOCAL
    }),
    contentFactory: new Notebook.ContentFactory({ editorFactory: editors.newInlineEditor }),
    mimeTypeService: new CodeMirrorMimeTypeService(languages)
  };
}

function makeThemes(): EditorThemeRegistry {
  const themes = new EditorThemeRegistry();
  EditorThemeRegistry.getDefaultThemes().forEach(theme => themes.addTheme(theme));
  return themes;
}

function makeLanguages(): EditorLanguageRegistry {
  const languages = new EditorLanguageRegistry();
  const find = languages.findBest.bind(languages);
  EditorLanguageRegistry.getDefaultLanguages(null, find).forEach(language => languages.addLanguage(language));
  const markdown = languages.findByMIME('text/x-markdown');
  if (markdown !== null) {
    // What JupyterLab calls the text of its text cells.
    languages.addLanguage({ name: 'ipythongfm', mime: 'text/x-ipythongfm', load: markdown.load });
  }
  return languages;
}

/** An editor shows the shared text, and what is typed in it is written there. */
const bindingExtension: IEditorExtensionFactory = {
  name: 'jupyter-collab:binding',
  factory: ({ model }) => {
    const { ysource, undoManager } = model.sharedModel as unknown as IYText;
    return EditorExtensionRegistry.createImmutableExtension(
      ybinding({ ytext: ysource, undoManager: undoManager ?? undefined })
    );
  }
};

/** There are no files here that a text could refer to. */
const NOTHING_IS_LOCAL: IRenderMime.IResolver = {
  isLocal: () => false,
  resolveUrl: url => Promise.resolve(url),
  getDownloadUrl: url => Promise.resolve(url)
};

/** MathJax, loaded with the first text that has a formula. */
class LazyTypesetter implements IRenderMime.ILatexTypesetter {
  async typeset(node: HTMLElement): Promise<void> {
    if (!/\$|\\\(|\\\[|\\begin/.test(node.textContent ?? '')) {
      return;
    }
    this._loaded ??= import(/* webpackChunkName: "math" */ './math').then(({ makeTypesetter }) => makeTypesetter());
    const typesetter = await this._loaded;
    await typesetter.typeset(node);
  }

  private _loaded: Promise<{ typeset(node: HTMLElement): Promise<void> }> | null = null;
}

/** The parser of text cells, loaded with the first of them. */
class LazyParser implements IRenderMime.IMarkdownParser {
  constructor(private readonly _languages: EditorLanguageRegistry) {}

  async render(source: string): Promise<string> {
    return (await this._load()).render(source);
  }

  private _load(): Promise<IRenderMime.IMarkdownParser> {
    this._loaded ??= import(/* webpackChunkName: "markdown" */ '@jupyterlab/markedparser-extension').then(
      ({ createMarkdownParser }) => createMarkdownParser(this._languages)
    );
    return this._loaded;
  }

  private _loaded: Promise<IRenderMime.IMarkdownParser> | null = null;
}
