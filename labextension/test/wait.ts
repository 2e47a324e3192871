import { setTimeout as sleep } from 'node:timers/promises';

const DEADLINE_MS = 5_000;

/** Wait until `condition` holds; fails, naming `what`, if that takes longer than the deadline. */
export async function until(condition: () => boolean, what: string | (() => string)): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!condition()) {
    if (Date.now() > deadline) {
      throw new Error(`Waited in vain until ${typeof what === 'string' ? what : what()}`);
    }
    await sleep(1);
  }
}

/** Let everything happen that is due: several turns of the event loop. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise(resolve => setImmediate(resolve));
  }
}
