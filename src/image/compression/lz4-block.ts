/*
 * Blocks of LZ4, as lz4's doc/lz4_Block_format.md has them: sequences of a token, literals, and a match with an earlier part of
 * the output; the last sequence has literals only.
 */

export const MIN_MATCH = 4;
/** Greatest distance of a match. */
export const LZ4_MAX_DISTANCE = 65_535;
/** The last bytes are literals. */
export const LAST_LITERALS = 5;
/** No match begins in the last bytes of the output, which decoders rely on. */
export const MATCH_MARGIN = 12;
/** Lengths of this many and more go on behind the token. */
export const LITERALS_IN_TOKEN = 15;
export const MATCH_IN_TOKEN = 15 + MIN_MATCH;
