/**
 * The indices, ascending, of the digests that are not as expected.
 *
 * @param found Digests of `digestSize` bytes, one after the other.
 * @param expected Digests at every `stride` bytes, `stride` ≥ `digestSize`; at least `count` of them.
 */
export function differingBlocks(
  found: Uint8Array,
  digestSize: number,
  expected: Uint8Array,
  stride: number,
  count: number,
): number[] {
  const differing: number[] = [];
  for (let index = 0; index < count; index++) {
    const start = index * digestSize;
    const shift = index * (stride - digestSize);
    for (let place = start; place < start + digestSize; place++) {
      if (found[place] === expected[place + shift]) continue;
      differing.push(index);
      break;
    }
  }
  return differing;
}
