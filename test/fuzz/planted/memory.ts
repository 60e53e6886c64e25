import type { Target } from '../../../fuzz/engine/target.ts';

/** Takes as many MiB as it is told, outside of the heap. */
export const target: Target = {
  seeds: () => [Uint8Array.from([1, 0])],
  run(input) {
    const size = (input[0] ?? 0) + 256 * (input[1] ?? 0);
    return new Uint8Array(Math.min(size, 400) * 2 ** 20).fill(1).length;
  },
};
