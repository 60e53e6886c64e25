import { describe, expect, test } from 'vitest';
import { crc32 } from '../../../src/image/checksum/crc32.ts';
import { decompressXz } from '../../../src/image/compression/xz.ts';
import { fixture } from './fixture.ts';

const data = fixture('text.xz');
const plain = fixture('text.bin');
/** The header of a block comes behind that of the stream. */
const BLOCK_AT = 12;

/** The stream with a byte of the block's header changed, and the check sum of the header made right again. */
function withBlockHeader(at: number, byte: number): Uint8Array {
  const changed = data.slice();
  changed[BLOCK_AT + at] = byte;
  const end = BLOCK_AT + (changed[BLOCK_AT]! + 1) * 4 - 4;
  new DataView(changed.buffer).setUint32(end, crc32(changed.subarray(BLOCK_AT, end)), true);
  return changed;
}

const change = (at: number): Uint8Array => {
  const changed = data.slice();
  changed[at] = changed[at]! ^ 1;
  return changed;
};

describe('a stream of XZ', () => {
  test.each([
    ['another magic number', change(1), 'it has no header'],
    ['another check of its header', change(8), 'a header has another check sum'],
    ['another check of the block header', change(BLOCK_AT + 9), 'a header has another check sum'],
    ['flags that are not known', withBlockHeader(1, 0x04), 'flags of a block are not known'],
    ['nothing but its header', data.subarray(0, BLOCK_AT), 'cut off before a block'],
  ])('with %s is refused', (_, changed, message) => {
    expect(() => decompressXz(changed, plain.length)).toThrow(message);
  });

  test('with other content than its check sum says is refused', () => {
    // Behind the check sum of the block there are an index and a footer of 12 bytes each.
    expect(() => decompressXz(change(data.length - 28), plain.length)).toThrow(
      'a block has another check sum than it says',
    );
  });

  test('with a filter that is not known here is refused as out of range', () => {
    // Filter 3 is the delta filter, before LZMA2.
    const changed = withBlockHeader(1, 0x01);
    changed.set([0x03, 0x01, 0x00, 0x21, 0x01, 0x16], BLOCK_AT + 2);
    const end = BLOCK_AT + (changed[BLOCK_AT]! + 1) * 4 - 4;
    new DataView(changed.buffer).setUint32(end, crc32(changed.subarray(BLOCK_AT, end)), true);
    expect(() => decompressXz(changed, plain.length)).toThrow(
      expect.objectContaining({
        code: 'out-of-range',
        message: 'XZ data: its filter 3 cannot be undone here',
      }),
    );
  });
});
