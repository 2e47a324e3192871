/** Follow the viewer's choice of light or dark, which the styles of JupyterLab want to have as an attribute, too. */
export function followTheme(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = (): void => {
    document.body.dataset.jpThemeLight = String(!dark.matches);
  };
  dark.addEventListener('change', apply);
  apply();
}

/** Make the page as high as what a phone's keyboard leaves of the window. */
export function followKeyboard(): void {
  const view = window.visualViewport;
  const apply = (): void => {
    // Who has zoomed in wants to see less of the page, not a smaller one.
    if (view?.scale === 1) {
      document.documentElement.style.setProperty('--jc-page-height', `${view.height}px`);
      window.dispatchEvent(new Event('resize'));
    }
  };
  view?.addEventListener('resize', apply);
}
