import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

/**
 * Keeps what one reads where it is on the screen while something above it comes, grows or goes.
 *
 * @param scroller - What one reads in.
 * @param above - What stands above it.
 */
export function keepSteady(scroller: HTMLElement, above: HTMLElement): IDisposable {
  const whereTextBegins = (): number => above.offsetHeight - scroller.scrollTop;
  let place = whereTextBegins();
  const onScroll = (): void => {
    place = whereTextBegins();
  };
  const observer = new ResizeObserver(() => {
    if (scroller.clientHeight === 0) {
      // All is hidden, and will be again as it was.
      return;
    }
    // Not what `above` has grown by: at the end of the text the browser itself has scrolled.
    const drift = whereTextBegins() - place;
    // Who is at the beginning goes on to see the beginning.
    if (scroller.scrollTop > Math.max(drift, 0)) {
      scroller.scrollTop += drift;
    }
    place = whereTextBegins();
  });
  observer.observe(above);
  scroller.addEventListener('scroll', onScroll);
  return new DisposableDelegate(() => {
    observer.disconnect();
    scroller.removeEventListener('scroll', onScroll);
  });
}
