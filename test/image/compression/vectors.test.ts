import { describe, expect, test } from 'vitest';
import { ImageError } from '../../../src/image/error.ts';
import { fixture, vectors } from './fixture.ts';

/** Decompresses what may be damaged: at most `size` bytes come out, or an ImageError. */
function survives(decompress: () => Uint8Array, size: number): void {
  try {
    expect(decompress().length).toBeLessThanOrEqual(size);
  } catch (error) {
    expect(error).toBeInstanceOf(ImageError);
  }
}

describe.each(vectors)('$name', ({ name, decompress, plain, endsItself }) => {
  const data = fixture(name);

  test('is what it was made of', () => {
    expect(Buffer.compare(decompress(data, plain.length), plain)).toBe(0);
  });

  test('is read in any place of a larger array', () => {
    const larger = new Uint8Array(data.length + 300).fill(0xa5);
    larger.set(data, 100);
    const view = larger.subarray(100, 100 + data.length);
    expect(Buffer.compare(decompress(view, plain.length), plain)).toBe(0);
  });

  test(
    endsItself ? 'gives all there is where more is asked for' : 'is refused where more is asked for',
    () => {
      const more = (): Uint8Array => decompress(data, plain.length + 1000);
      if (endsItself) expect(Buffer.compare(more(), plain)).toBe(0);
      else expect(more).toThrow(ImageError);
    },
  );

  test('gives each beginning of it', () => {
    for (let size = 0; size < plain.length; size += 1 + (size % 13)) {
      if (Buffer.compare(decompress(data, size), plain.subarray(0, size)) !== 0) {
        expect.fail(`the first ${size} bytes differ`);
      }
    }
  });

  test('survives every cut', () => {
    for (let length = 0; length < data.length; length++) {
      survives(() => decompress(data.subarray(0, length), plain.length), plain.length);
    }
  });

  test('survives a change of every byte', () => {
    for (let at = 0; at < data.length; at++) {
      for (const change of [0xff, 0x01, 0x80]) {
        const damaged = data.slice();
        damaged[at] = damaged[at]! ^ change;
        survives(() => decompress(damaged, plain.length + 100), plain.length + 100);
      }
    }
  });

  test('cut to less than a third is refused', () => {
    expect(() => decompress(data.subarray(0, data.length / 3), plain.length)).toThrow(ImageError);
  });
});
