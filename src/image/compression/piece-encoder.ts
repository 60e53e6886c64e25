/** How far an encoder came. */
export interface EncodedPiece {
  /** Bytes of the input that are in the output. */
  readonly length: number;
  /** Bytes of the output. */
  readonly size: number;
}

/**
 * Compresses an input in pieces that do not depend on each other, each as much as fits into the output. The pieces from
 * one {@link begin} to the next are the same, whatever else is in the input.
 */
export interface PieceEncoder {
  /** Takes the input for the next calls, which stays as it is until another one is loaded. */
  load(input: Uint8Array): void;
  /** Begins with other content: what was learnt from the content so far is forgotten. */
  begin(): void;
  /**
   * Compresses from `start` on, at least a byte and at most up to `end`. There may be less in a full output than could be.
   * `start` is not before that of the calls since {@link begin}.
   *
   * @param output At least 64 bytes; filled from its start.
   * @param isHasty Less than could be will do, if that is faster.
   */
  encode(start: number, end: number, output: Uint8Array, isHasty?: boolean): EncodedPiece;
}
