import type { Target } from '../../../fuzz/engine/target.ts';
import { ImageError } from '../../../src/image/error.ts';

/** Believes a length in a record behind another one, whose check sum has to be right. */
export const target: Target = {
  seeds: () => [repaired(Uint8Array.from([0, 4, 1, 2, 3, 4, 2, 9, 9]))],
  run(input) {
    if (input.length < 2 || input[0] !== sum(input))
      throw new ImageError('malformed', 'the check sum is wrong');
    const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
    const next = 2 + view.getUint8(1);
    if (next >= input.length) throw new ImageError('malformed', 'the first record is too long');
    const length = view.getUint8(next);
    for (let index = 0; index < length; index++) view.getUint8(next + 1 + index);
  },
  repair: (input) => void repaired(input),
};

function repaired(input: Uint8Array): Uint8Array {
  input[0] = sum(input);
  return input;
}

function sum(input: Uint8Array): number {
  return input.subarray(1).reduce((total, byte) => (total * 31 + byte) & 0xff, 0x5a);
}
