/** `call` or `jmp`, followed by four bytes of address relative to the instruction after them. */
const isBranch = (byte: number): boolean => (byte & 0xfe) === 0xe8;
/** Only an address whose uppermost byte is that of something nearby, before or after, is converted. */
const isSign = (byte: number): boolean => byte === 0 || byte === 0xff;

const INSTRUCTION_SIZE = 5;

/**
 * Which byte of an address is the uppermost of an earlier one, counted down from its own uppermost, by which of the three
 * bytes before the instruction look like a branch that was not converted: bit 0 for the last. Undefined where there
 * are too many of them, and the instruction is not converted either.
 */
const SHARED_BYTE: readonly (number | undefined)[] = [0, 1, 2, undefined, 3, undefined, undefined, undefined];

/** The filter for x86 of 32 and 64 bits (liblzma/simple/x86.c of XZ Utils). */
export function decodeX86(code: Uint8Array): void {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  let before = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (let at = 0; at + INSTRUCTION_SIZE <= code.length; at++) {
    if (!isBranch(code[at]!)) continue;
    before = at - last > 3 ? 0 : (before << (at - last - 1)) & 7;
    last = at;
    const shared = SHARED_BYTE[before];
    if (shared === undefined || !isSign(code[at + 4]!) || (shared > 0 && isSign(code[at + 4 - shared]!))) {
      before = (before << 1) | 1;
      continue;
    }
    const next = at + INSTRUCTION_SIZE;
    let relative = view.getUint32(at + 1, true) - next;
    if (shared > 0) {
      // The encoder left out addresses that would look as if an earlier one went on: it inverted their lower bytes.
      const shift = 24 - 8 * shared;
      if (isSign((relative >>> shift) & 0xff)) relative = (relative ^ ((1 << (shift + 8)) - 1)) - next;
    }
    const sign = (relative & 0x01000000) === 0 ? 0 : 0xfe000000;
    view.setUint32(at + 1, (relative & 0x01ffffff) | sign, true);
    at += INSTRUCTION_SIZE - 1;
  }
}
