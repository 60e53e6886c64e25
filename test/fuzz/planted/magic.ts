import type { Target } from '../../../fuzz/engine/target.ts';
import { ImageError } from '../../../src/image/error.ts';

const MAGIC = 0x8badf00d;

/** Fails behind a magic number of four bytes, for some inputs only. */
export const target: Target = {
  seeds: () => [new Uint8Array(32)],
  run(input) {
    if (input.length < 16) throw new ImageError('malformed', 'too short');
    const view = new DataView(input.buffer, input.byteOffset);
    if (view.getUint32(8, true) !== MAGIC) throw new ImageError('malformed', 'the magic number is missing');
    if (view.getUint16(4, true) > 1) throw new ImageError('malformed', 'the version is unknown');
    if (view.getUint8(0) >= 0x80) throw new TypeError('planted');
  },
};
