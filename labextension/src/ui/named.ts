import type { TranslationBundle } from '@jupyterlab/translation';

/** Somebody's name as others read it: guests chose theirs themselves, and are marked as guests. */
export function named(name: string, isGuest: boolean, trans: Pick<TranslationBundle, '__'>): string {
  return isGuest ? trans.__('%1 (guest)', name) : name;
}
