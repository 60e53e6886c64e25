import type { Target } from '../../../fuzz/engine/target.ts';

/**
 * Keeps arrays without end if told so: of numbers, which the collector of garbage needs not look into, so that the
 * heap is full long before the time is over.
 */
export const target: Target = {
  seeds: () => [Uint8Array.from([1])],
  run(input) {
    const kept: number[][] = [];
    while (input[0] === 0) kept.push(new Array<number>(1024).fill(0.5));
  },
};
