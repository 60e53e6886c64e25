/** Up to here a loop over bytes is faster than a call of the engine's own copying. */
const SHORT = 24;

/**
 * Repeats what was written `distance` bytes ago, as all compression of the LZ77 family does: where `length` is more
 * than `distance`, the bytes repeated are repeated again.
 *
 * @param at Where to write; the caller has checked that 1 ≤ distance ≤ at and that at + length is within the output.
 */
export function copyMatch(output: Uint8Array, at: number, distance: number, length: number): void {
  if (length <= SHORT) {
    for (let to = at, from = at - distance; to < at + length; ) output[to++] = output[from++]!;
  } else if (distance >= length) {
    output.copyWithin(at, at - distance, at - distance + length);
  } else if (distance === 1) {
    output.fill(output[at - 1]!, at, at + length);
  } else {
    const from = at - distance;
    for (let done = 0; done < length; ) {
      const count = Math.min(distance + done, length - done);
      output.copyWithin(at + done, from, from + count);
      done += count;
    }
  }
}

/** Copies bytes from the input; the caller has checked that both ranges are within. */
export function copyLiterals(
  output: Uint8Array,
  at: number,
  input: Uint8Array,
  from: number,
  length: number,
): void {
  if (length > SHORT) output.set(input.subarray(from, from + length), at);
  else for (let index = 0; index < length; index++) output[at + index] = input[from + index]!;
}
