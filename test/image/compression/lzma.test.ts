import { describe, expect, test } from 'vitest';
import { parseProperties } from '../../../src/image/compression/lzma.ts';
import { decompressLzmaAlone } from '../../../src/image/compression/lzma-alone.ts';
import { decompressMicroLzma } from '../../../src/image/compression/micro-lzma.ts';
import { fixture } from './fixture.ts';

describe('parameters', () => {
  test.each([
    [93, { literalContextBits: 3, literalPositionBits: 0, positionBits: 2 }],
    [0, { literalContextBits: 0, literalPositionBits: 0, positionBits: 0 }],
    [4 * 45 + 4 * 9, { literalContextBits: 0, literalPositionBits: 4, positionBits: 4 }],
  ])('%i', (byte, properties) => {
    expect(parseProperties(byte)).toEqual(properties);
  });

  test.each([5, 8, 4 * 9 + 1, 224, 225, 255])('%i are refused', (byte) => {
    expect(() => parseProperties(byte)).toThrow(`LZMA data: ${byte} stands for no parameters`);
  });
});

describe('MicroLZMA', () => {
  test.each([0, 1, 4])('of %i bytes is refused', (length) => {
    const data = fixture('text.lc3-lp0-pb2.micro-lzma').subarray(0, length);
    expect(() => decompressMicroLzma(data, 1)).toThrow(/it is (empty|too short)/);
  });
});

describe('LZMA_Alone', () => {
  const data = fixture('text.lzma');
  const plain = fixture('text.bin');

  test('may tell the size of the output', () => {
    const known = data.slice();
    new DataView(known.buffer).setBigUint64(5, 100n, true);
    expect(Buffer.compare(decompressLzmaAlone(known, 5000), plain.subarray(0, 100))).toBe(0);
  });

  test('that ends before the size that it tells is refused', () => {
    const known = data.slice();
    new DataView(known.buffer).setBigUint64(5, BigInt(plain.length + 1), true);
    expect(() => decompressLzmaAlone(known, plain.length + 1)).toThrow('it ends early');
  });

  test('that tells a size beyond all bounds takes what is asked for', () => {
    const known = data.slice();
    new DataView(known.buffer).setBigUint64(5, 2n ** 63n, true);
    expect(decompressLzmaAlone(known, 50).length).toBe(50);
  });

  test('without the zero at its start is refused', () => {
    const damaged = data.slice();
    damaged[13] = 1;
    expect(() => decompressLzmaAlone(damaged, 50)).toThrow('does not begin with a zero');
  });
});
