import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: ((options: { type: 'minor' }) => void) | undefined;

/**
 * Frees the short-lived objects that nobody needs any more, in less than a millisecond. Buffers that come from the network are
 * small to the garbage collector, whatever they hold, so that by itself it lets a hundred megabytes of them pile up.
 */
export function collectYoungGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as NonNullable<typeof collect>;
    // V8 takes no code cache under other flags than those it was made with: neither Node's own nor that of a module.
    setFlagsFromString('--no-expose-gc');
  }
  collect({ type: 'minor' });
}
