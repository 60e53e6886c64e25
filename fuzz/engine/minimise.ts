/**
 * A smaller input that still fails: parts are cut out, from half of it down to a byte, then bytes are set to zero, as
 * long as it keeps failing.
 *
 * @param attempts How often `fails` may be asked.
 */
export async function minimise(
  input: Uint8Array,
  fails: (candidate: Uint8Array) => Promise<boolean>,
  attempts: number,
): Promise<Uint8Array> {
  let best = input;
  let left = attempts;
  const accepts = async (candidate: Uint8Array): Promise<boolean> => {
    left -= 1;
    if (!(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let end = best.length; end > 0 && left > 0; end -= size) {
      const start = Math.max(0, end - size);
      await accepts(withoutRange(best, start, Math.min(end, best.length)));
    }
  }
  for (let size = 256; size >= 1; size /= 16) {
    for (let start = 0; start < best.length && left > 0; start += size) {
      if (best.subarray(start, start + size).every((byte) => byte === 0)) continue;
      await accepts(best.slice().fill(0, start, start + size));
    }
  }
  return best;
}

function withoutRange(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const result = new Uint8Array(bytes.length - (end - start));
  result.set(bytes.subarray(0, start));
  result.set(bytes.subarray(end), start);
  return result;
}
