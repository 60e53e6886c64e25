import { expect, test } from 'vitest';
import { copyIntoShared } from '../../src/platform/copy-into-shared.ts';

test.each([0, 1, 2, 3, 4095, 70_001])(
  '%i bytes are copied to their place, and nothing beside it is touched',
  (length) => {
    const whole = Uint8Array.from({ length: length + 9 }, (_, index) => 1 + (index % 251));
    const source = whole.subarray(5, 5 + length);
    const target = new Uint8Array(new SharedArrayBuffer(length + 20), 4);
    copyIntoShared(source, target, 3);
    const expected = new Uint8Array(target.length);
    expected.set(source, 3);
    expect(Buffer.compare(target, expected)).toBe(0);
  },
);
