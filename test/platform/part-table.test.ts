import { afterEach, describe, expect, it, vi } from 'vitest';
import { type PartRange, PartTable } from '../../src/platform/part-table.ts';
import { beforeAtomics } from '../support/before-atomics.ts';

const DIGESTS = 64;

/** A table, and another view of it as another thread has it. */
function tableOf(parts: number) {
  const description = { parts, digestsSize: DIGESTS };
  const shared = { ...description, memory: PartTable.allocate(description) };
  return { table: new PartTable(shared), other: new PartTable(shared) };
}

/** The parts that can be had now. */
function takeAll(table: PartTable): number[] {
  const parts: number[] = [];
  for (let taken = table.take(1); taken !== undefined; taken = table.take(1)) parts.push(taken.first);
  return parts;
}

afterEach(() => vi.restoreAllMocks());

const operations = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

it('memory does not grow with the file', () => {
  const [few, many] = [300, 2 ** 31 - 300].map((parts) =>
    PartTable.allocate({ parts, digestsSize: DIGESTS }),
  );
  expect(many!.byteLength).toBe(few!.byteLength);
});

describe('a part', () => {
  it.each(operations(6))('is had by one thread, although another takes one before operation %i', (n) => {
    const { table, other } = tableOf(5);
    const taken: (PartRange | undefined)[] = [];
    beforeAtomics(n, () => taken.push(other.take(2)));
    for (let asked = 0; asked < 4; asked++) taken.push(table.take(2));
    const parts = taken.flatMap(
      (range) => range && Array.from({ length: range.end - range.first }, (_, i) => range.first + i),
    );
    expect(parts.filter((part) => part !== undefined).sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it('is to be had only while there is room for its digests', () => {
    const { table, other } = tableOf(1000);
    const first = takeAll(other);
    expect(first.length).toBeLessThan(1000);
    expect(first).toEqual(first.map((_, index) => index));
    table.release(0);
    table.release(1);
    expect(takeAll(other)).toEqual([first.length, first.length + 1]);
  });

  it.each(operations(2))(
    'is not to be had after the end, although one is taken before operation %i of it',
    (n) => {
      const { table, other } = tableOf(1000);
      beforeAtomics(n, () => {
        vi.restoreAllMocks();
        other.take(1);
      });
      table.stop();
      expect([other.take(1), other.takeOrWait(), table.take(9)]).toEqual([undefined, undefined, undefined]);
    },
  );

  it('has its own digests and state until it is released', () => {
    const { table, other } = tableOf(1000);
    const states = () => [0, 1, 2].map((part) => table.stateOf(part));
    for (const part of takeAll(other)) expect(table.stateOf(part)).toBe('open');
    other.finish(1, new Uint8Array(DIGESTS).fill(1));
    other.finish(0, undefined);
    expect(states()).toEqual(['failed', 'hashed', 'open']);
    expect(table.digestsOf(1, 32)).toEqual(new Uint8Array(32).fill(1));
    table.finish(0, new Uint8Array(DIGESTS).fill(7));
    expect(states()).toEqual(['hashed', 'hashed', 'open']);
    expect([...table.digestsOf(0, 2), ...table.digestsOf(1, 2)]).toEqual([7, 7, 1, 1]);
    table.release(0);
    const next = other.take(9)!.first;
    // In the place of the first one, whose state says nothing of it.
    expect(table.stateOf(next)).toBe('open');
  });
});

describe('whoever waits for a part', () => {
  it.each(['hashed', 'failed'])('goes on when it is %s, and for no other', async (state) => {
    const { table, other } = tableOf(10);
    let isOver = false;
    const waiting = table.change(3).then(() => {
      isOver = true;
    });
    other.finish(2, new Uint8Array(DIGESTS));
    await new Promise((next) => setTimeout(next, 20));
    expect(isOver).toBe(false);
    other.finish(3, state === 'failed' ? undefined : new Uint8Array(DIGESTS));
    await waiting;
    await table.change(3);
  });

  it.each(operations(2))('does not miss what happens before its operation %i', async (n) => {
    const { table, other } = tableOf(10);
    beforeAtomics(n, () => {
      vi.restoreAllMocks();
      other.finish(3, new Uint8Array(DIGESTS));
    });
    await table.change(3);
    expect(table.stateOf(3)).toBe('hashed');
  });

  it('can be woken', async () => {
    const { table } = tableOf(10);
    const waiting = table.change(3);
    table.wake();
    await waiting;
    expect(table.stateOf(3)).toBe('open');
  });
});
