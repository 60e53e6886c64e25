import { readHeader } from '../../src/source/tar/header.ts';
import { FIELD, RECORD_SIZE, USTAR_MAGIC } from '../../src/source/tar/layout.ts';
import { withChecksum } from '../../test/source/tar/pack.ts';

const MAGIC = USTAR_MAGIC.slice(0, 5);

/** Sets the check sums of whatever looks like the header block of a tar archive. */
export function repairTarHeaders(input: Uint8Array): void {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  for (let at = 0; at + RECORD_SIZE <= bytes.length; at += RECORD_SIZE) {
    const block = bytes.subarray(at, at + RECORD_SIZE);
    const { offset } = FIELD.magic;
    if (block.toString('latin1', offset, offset + MAGIC.length) !== MAGIC) continue;
    if (readHeader(block) === undefined) withChecksum(block);
  }
}
