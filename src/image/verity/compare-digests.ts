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
  // Four bytes at a time take a quarter of the time: of all bytes of an image's digests, some hundredths of a second.
  const isInWords = [found.byteOffset, expected.byteOffset, digestSize, stride].every(
    (bytes) => bytes % 4 === 0,
  );
  const unit = isInWords ? 4 : 1;
  const [left, right] = isInWords ? [wordsOf(found), wordsOf(expected)] : [found, expected];
  const size = digestSize / unit;
  for (let index = 0; index < count; index++) {
    const start = index * size;
    const shift = (index * (stride - digestSize)) / unit;
    for (let place = start; place < start + size; place++) {
      if (left[place] === right[place + shift]) continue;
      differing.push(index);
      break;
    }
  }
  return differing;
}

/** The same memory in words, without the bytes at the end that are none. */
function wordsOf({ buffer, byteOffset, length }: Uint8Array): Int32Array {
  return new Int32Array(buffer, byteOffset, Math.floor(length / 4));
}
