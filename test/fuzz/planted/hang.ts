import type { Target } from '../../../fuzz/engine/target.ts';

/** Goes round in a circle if told so. */
export const target: Target = {
  seeds: () => [Uint8Array.from([1, 1, 1, 1])],
  run(input) {
    for (let at = 0; at < input.length; ) at += input[at]!;
  },
};
