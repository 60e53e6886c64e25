import type { Target } from '../../../fuzz/engine/target.ts';

/** Keeps objects without end if told so. */
export const target: Target = {
  seeds: () => [Uint8Array.from([1])],
  run(input) {
    const kept: object[] = [];
    while (input[0] === 0) kept.push({ kept });
  },
};
