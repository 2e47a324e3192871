import { OutputArea, type IOutputAreaModel } from '@jupyterlab/outputarea';
import type { IOutputModel } from '@jupyterlab/rendermime';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { RoomTrust } from './trust.js';

const HTML = 'text/html';

/**
 * Lets only HTML that the viewer trusts be shown in a frame of its own, where its styles reach nothing else.
 *
 * JupyterLab copies what it shows into the frame, where no button works. HTML without trust has neither styles of its
 * own nor scripts, and so needs no frame.
 */
export function isolateTrusted(outputs: IOutputAreaModel, trust: RoomTrust): void {
  const judge = (output: IOutputModel): IOutputModel => {
    const raw = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(output), 'metadata')?.get;
    return Object.defineProperty(output, 'metadata', {
      configurable: true,
      get: () => judged(raw?.call(output) as ReadonlyPartialJSONObject, trust.trusted)
    });
  };
  for (let index = 0; index < outputs.length; index++) {
    judge(outputs.get(index));
  }
  const { contentFactory } = outputs;
  const createOutputModel: typeof contentFactory.createOutputModel = options =>
    judge(contentFactory.createOutputModel(options));
  Object.defineProperty(outputs, 'contentFactory', { value: { createOutputModel } });
}

function judged(metadata: ReadonlyPartialJSONObject, trusted: boolean): ReadonlyPartialJSONObject {
  const isolated = trusted && OutputArea.isIsolated(HTML, metadata);
  const others = Object.entries(metadata).filter(([key]) => key !== 'isolated');
  const plain = Object.fromEntries(
    others.map(([key, value]) => [key, isMap(value) ? { ...value, isolated: false } : value])
  );
  const html = plain[HTML];
  return isolated ? { ...plain, [HTML]: { ...(isMap(html) ? html : {}), isolated } } : plain;
}

function isMap(value: unknown): value is ReadonlyPartialJSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
