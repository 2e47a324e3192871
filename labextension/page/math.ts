import '@jupyterlab/mathjax-extension/style/base.css';

import { MathJaxTypesetter } from '@jupyterlab/mathjax-extension';

/** MathJax, as JupyterLab sets it up. */
export function makeTypesetter(): { typeset(node: HTMLElement): Promise<void> } {
  return new MathJaxTypesetter();
}
