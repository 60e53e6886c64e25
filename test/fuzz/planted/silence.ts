import type { Target } from '../../../fuzz/engine/target.ts';

/** Waits for what never comes. */
export const target: Target = {
  seeds: () => [Uint8Array.from([1])],
  run: (input) => (input[0] === 0 ? new Promise(() => undefined) : undefined),
};
