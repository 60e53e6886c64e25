import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Inflater } from '../../../src/source/unpack/inflater.ts';

function inflate(packed: Uint8Array, size: number): Buffer {
  const pieces: Buffer[] = [];
  const inflater = new Inflater('layer x', (piece) => pieces.push(Buffer.from(piece)));
  for (let at = 0; at < packed.length; at += size) inflater.add(packed.subarray(at, at + size));
  inflater.end();
  return Buffer.concat(pieces);
}

const malformed = expect.objectContaining({
  name: 'SourceError',
  code: 'malformed',
  message: expect.stringMatching(/^layer x: its gzip data are damaged or truncated \(/),
});
const text = Buffer.from('all work and no play '.repeat(20_000));

describe('an inflater', () => {
  it('gives back what was packed, whatever the pieces it comes in', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 5000 }),
        fc.integer({ min: 1, max: 6000 }),
        fc.integer({ min: 0, max: 9 }),
        (bytes, size, level) => {
          expect(inflate(gzipSync(bytes, { level }), size)).toEqual(Buffer.from(bytes));
        },
      ),
    );
  });

  it('takes shared memory, and more than it inflates at once', () => {
    const content = Buffer.concat([randomBytes(1_000_000), text]);
    const packed = gzipSync(content);
    const shared = new Uint8Array(new SharedArrayBuffer(packed.length + 7), 7);
    shared.set(packed);
    expect(inflate(shared, shared.length).equals(content)).toBe(true);
  });

  it('inflates several members, and takes no notice of zeros behind them', () => {
    const packed = Buffer.concat([gzipSync(text), gzipSync(text), Buffer.alloc(1000)]);
    for (const size of [1, 1000, packed.length]) {
      expect(inflate(packed, size).equals(Buffer.concat([text, text]))).toBe(true);
    }
  });

  it('refuses a stream that is truncated anywhere', () => {
    const packed = gzipSync(text);
    for (let length = 4; length < packed.length; length += 7) {
      expect(() => inflate(packed.subarray(0, length), 100)).toThrow(malformed);
    }
  });

  it('refuses a stream in which a byte was changed', () => {
    const packed = gzipSync(text);
    packed[packed.length >> 1]! ^= 0x55;
    expect(() => inflate(packed, 100)).toThrow(malformed);
  });

  it('passes on what its taker throws', () => {
    const inflater = new Inflater('layer x', () => {
      throw new Error('enough');
    });
    expect(() => inflater.add(gzipSync(text))).toThrow('enough');
  });

  it('gives what little input becomes in pieces', () => {
    const packed = gzipSync(Buffer.alloc(100_000_000));
    let most = 0;
    let total = 0;
    const inflater = new Inflater('layer x', (piece) => {
      most = Math.max(most, piece.length);
      total += piece.length;
    });
    inflater.add(packed);
    inflater.end();
    expect(total).toBe(100_000_000);
    expect(most).toBeLessThanOrEqual(256 * 1024);
  });
});
