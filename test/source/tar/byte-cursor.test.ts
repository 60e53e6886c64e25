import { expect, it } from 'vitest';
import { ByteCursor } from '../../../src/source/tar/byte-cursor.ts';

/** Chunks whose memory is gone when the next one is asked for. */
async function* vanishing(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    const chunk = new TextEncoder().encode(text);
    yield chunk;
    structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
  }
}

it('needs no chunk that it has passed', async () => {
  const cursor = new ByteCursor(vanishing('abc', 'defg', ''));
  const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();
  expect(cursor.takeNow(1)).toBeUndefined();
  expect(text(await cursor.whole(cursor.take(2)))).toBe('ab');
  expect(text(await cursor.whole(cursor.take(3)))).toBe('cde');
  expect(cursor.skipNow(3)).toBe(false);
  expect(cursor.skipNow(2)).toBe(true);
  expect(await cursor.whole(cursor.piece(1))).toBeUndefined();
  expect(text(cursor.takeNow(0))).toBe('');
  expect(cursor.skipNow(0)).toBe(true);
  expect(text(await cursor.whole(cursor.take(5)))).toBe('');
  expect(await cursor.whole(cursor.skip(1))).toBe(0);
});
