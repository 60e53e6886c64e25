import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeOrder } from '../../../src/image/extension/merge-order.ts';

describe('merge order', () => {
  it('puts the name that wins last', () => {
    expect(mergeOrder(['20-net', 'k3s-1.30.0', '3-base', 'k3s-1.30.0~rc1']).order).toEqual([
      'k3s-1.30.0~rc1',
      'k3s-1.30.0',
      '3-base',
      '20-net',
    ]);
  });

  it('names the groups whose order systemd leaves undefined', () => {
    const { order, ties } = mergeOrder(['foo_1', 'bar', 'a01', 'foo1', 'a1', 'foo+1']);
    expect(ties).toEqual([
      ['a01', 'a1'],
      ['foo+1', 'foo1', 'foo_1'],
    ]);
    expect(order).toEqual(['a01', 'a1', 'bar', 'foo+1', 'foo1', 'foo_1']);
  });

  it('takes a name given twice for no tie', () => {
    expect(mergeOrder(['a', 'b', 'a'])).toEqual({ order: ['a', 'a', 'b'], ties: [] });
  });

  it('is empty for nothing', () => {
    expect(mergeOrder([])).toEqual({ order: [], ties: [] });
  });

  it('does not depend on the order in which names are given', () => {
    const name = fc.string({ unit: fc.constantFrom(...'a1_-.'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(name), (names) => {
        expect(mergeOrder(names.toReversed())).toEqual(mergeOrder(names));
      }),
    );
  });
});
