import { decodeFixedWidth } from './fixed-width.ts';
import { decodeIa64 } from './ia64.ts';
import { decodeX86 } from './x86.ts';

/**
 * Turns the absolute addresses of branch instructions back into relative ones, in place. An encoder makes them
 * absolute because the same target then has the same bytes wherever it is called from.
 *
 * @param code Machine code, from the first byte of the data on.
 */
export type BranchFilter = (code: Uint8Array) => void;

/** The branch filters of XZ by their number (xz-file-format.txt, section 5.3.2). */
export const BRANCH_FILTERS: ReadonlyMap<number, BranchFilter> = new Map([
  [0x04, decodeX86],
  [0x05, decodeFixedWidth.powerPc],
  [0x06, decodeIa64],
  [0x07, decodeFixedWidth.arm],
  [0x08, decodeFixedWidth.armThumb],
  [0x09, decodeFixedWidth.sparc],
  [0x0a, decodeFixedWidth.arm64],
]);

/** Most bytes from the start of an instruction, or of a bundle of them, that a filter looks at together. */
export const MAX_INSTRUCTION_SIZE = 16;
