const BUNDLE_SIZE = 16;
const SLOT_BITS = 41;
const FIRST_SLOT_BIT = 5;
/** Which of the three slots of a bundle can branch (bit 0: the first), by the template in the bundle's low five bits. */
const BRANCH_SLOTS = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 6, 6, 0, 0, 7, 7, 4, 4, 0, 0, 4, 4, 0, 0,
];

/** The filter for Itanium (liblzma/simple/ia64.c of XZ Utils): `br.call` with 21 bits of address, in bundles. */
export function decodeIa64(code: Uint8Array): void {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  for (let at = 0; at + BUNDLE_SIZE <= code.length; at += BUNDLE_SIZE) {
    const slots = BRANCH_SLOTS[code[at]! & 0x1f]!;
    for (let slot = 0; slot < 3; slot++) {
      if (((slots >> slot) & 1) === 0) continue;
      const firstBit = FIRST_SLOT_BIT + slot * SLOT_BITS;
      // Eight bytes that hold the slot and lie in the bundle.
      const start = at + Math.min(firstBit >> 3, BUNDLE_SIZE - 8);
      const shift = BigInt(at * 8 + firstBit - start * 8);
      const bytes = view.getBigUint64(start, true);
      const instruction = bytes >> shift;
      if (((instruction >> 37n) & 0xfn) !== 5n || ((instruction >> 9n) & 7n) !== 0n) continue;
      const target = Number(((instruction >> 13n) & 0xfffffn) | (((instruction >> 36n) & 1n) << 20n));
      const relative = BigInt((target - at / BUNDLE_SIZE) & 0x1fffff);
      const address = ((relative & 0xfffffn) << 13n) | ((relative >> 20n) << 36n);
      const mask = ((0xfffffn << 13n) | (1n << 36n)) << shift;
      view.setBigUint64(start, (bytes & ~mask) | (address << shift), true);
    }
  }
}
