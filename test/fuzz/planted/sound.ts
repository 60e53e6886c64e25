import type { Target } from '../../../fuzz/engine/target.ts';
import { ImageError } from '../../../src/image/error.ts';

/** Refuses as it should, and reads the rest. */
export const target: Target = {
  seeds: () => [Uint8Array.from([1, 2, 3])],
  run(input) {
    if (input.length > 8) throw new ImageError('malformed', `${input.length} bytes are too many`);
    return input.length;
  },
};
