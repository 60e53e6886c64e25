import { describe, expect, test } from 'vitest';
import { TimeLimit } from '../../src/boot/time-limit.ts';

/** A limit whose clock stands still until it is set. */
function stopped(seconds: number) {
  let now = 0;
  const limit = new TimeLimit(seconds, () => now);
  return { limit, advance: (milliseconds: number) => (now += milliseconds) };
}

test('it is over when its seconds are, by its own clock', () => {
  const { limit, advance } = stopped(30);
  expect([limit.isOver, limit.left]).toEqual([false, 30_000]);
  advance(29_999);
  expect([limit.isOver, limit.left]).toEqual([false, 1]);
  advance(1);
  expect([limit.isOver, limit.left]).toEqual([true, 0]);
  expect(() => limit.check()).toThrow('there was no time for it within 30 seconds');
});

describe('waiting', () => {
  test('what is done in time is done, also when it fails', async () => {
    using limit = new TimeLimit(5);
    expect(await limit.within(Promise.resolve(7))).toBe(7);
    await expect(limit.within(Promise.reject(new Error('EIO')))).rejects.toThrow('EIO');
    expect(limit.hasAbandoned).toBe(false);
  });

  test('what never ends is abandoned', async () => {
    using limit = new TimeLimit(0.02);
    await expect(limit.within(new Promise(() => undefined))).rejects.toMatchObject({ code: 'time-limit' });
    expect(limit.hasAbandoned).toBe(true);
    expect(limit.signal.aborted || limit.isOver).toBe(true);
  });

  test('what fails after it was abandoned is nobody’s error', async () => {
    using limit = new TimeLimit(0.01);
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise((_, reject) => {
      fail = reject;
    });
    await expect(limit.within(work)).rejects.toMatchObject({ code: 'time-limit' });
    fail(new Error('too late'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(limit.hasAbandoned).toBe(false);
  });
});

test('reading stops when the time is over, even where nothing ever waits', async () => {
  const { limit, advance } = stopped(1);
  const source = limit.limited({ size: 4, read: () => new Uint8Array(4), readInto: () => undefined });
  expect(await source.read(0, 4)).toHaveLength(4);
  advance(1000);
  expect(() => source.read(0, 4)).toThrow('no time');
  expect(() => source.readInto?.(0, new Uint8Array(4))).toThrow('no time');
});
