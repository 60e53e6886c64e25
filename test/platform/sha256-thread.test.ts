import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { Sha256Thread } from '../../src/platform/sha256-thread.ts';

test('a thread hashes the first bytes of what it is given, in this order', async () => {
  await using thread = new Sha256Thread();
  const slots = [1, 2].map((value) => new Uint8Array(new SharedArrayBuffer(1000)).fill(value));
  await Promise.all(slots.map((slot, index) => thread.update(slot, 500 + index)));
  const expected = createHash('sha256')
    .update(new Uint8Array(500).fill(1))
    .update(new Uint8Array(501).fill(2));
  expect(await thread.digest()).toBe(expected.digest('hex'));
});

test('who waits for a thread that was ended is told', async () => {
  const thread = new Sha256Thread();
  const waiting = thread.update(new Uint8Array(new SharedArrayBuffer(10)), 10);
  const told = expect(waiting).rejects.toThrow('has ended');
  await thread[Symbol.asyncDispose]();
  await told;
  await expect(thread.digest()).rejects.toThrow('has ended');
});
