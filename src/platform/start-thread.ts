import { Worker, type WorkerOptions } from 'node:worker_threads';
import { embeddedText } from './embedded-text.ts';

/**
 * Starts a thread whose code is a file beside this one, or in an executable a module that packaging put in.
 *
 * @param name Of the file, without its extension.
 */
export function startThread(name: string, options: WorkerOptions): Worker {
  const loader = embeddedText('module-loader.js');
  if (loader !== undefined)
    return new Worker(`${loader}runModule('./${name}.js');`, { ...options, eval: true });
  // The sources run as they are, and when they are built.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return new Worker(new URL(`./${name}${extension}`, import.meta.url), options);
}
