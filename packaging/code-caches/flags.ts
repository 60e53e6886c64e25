import { setFlagsFromString } from 'node:v8';

/**
 * Flags of V8 that leave nothing to chance but what the commands themselves do: the hashes of strings, threads, the marks of functions
 * that were often called, and garbage collection. Memory is not cleared before it is used again, and what is left between two objects
 * there would come into the caches, so that none is used again.
 */
export const FLAGS = [
  '--hash-seed=1',
  '--predictable',
  '--no-sparkplug',
  '--no-profile-guided-optimization',
  '--min-semi-space-size=512',
  '--max-semi-space-size=512',
  '--initial-heap-size=4096',
  '--external-memory-accounted-in-global-limit',
];

/** Takes back the flags by which V8 tells whether a cache is its own: the executable does not have them. */
export function setFlagsOfExecutable(): void {
  for (const flag of [
    '--hash-seed=0',
    '--no-predictable',
    '--sparkplug',
    '--profile-guided-optimization',
    '--initial-heap-size=0',
    '--no-external-memory-accounted-in-global-limit',
  ]) {
    setFlagsFromString(flag);
  }
}
