import { Worker, type WorkerOptions } from 'node:worker_threads';
import { embeddedText } from './embedded-text.ts';

/**
 * Starts a thread whose code is a file beside another, or in an executable a module that packaging put in.
 *
 * @param beside The other file: the `import.meta.url` of the caller.
 * @param name Of the file, without its extension.
 */
export function startThread(beside: string, name: string, options: WorkerOptions): Worker {
  const loader = embeddedText('module-loader.js');
  if (loader !== undefined)
    return new Worker(`${loader}runModule('./${name}.js');`, { ...options, eval: true });
  // The sources run as they are, and when they are built.
  const extension = beside.slice(beside.lastIndexOf('.'));
  return new Worker(new URL(`./${name}${extension}`, beside), options);
}
