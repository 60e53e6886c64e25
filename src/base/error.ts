/** What an error says beyond its sentence. */
export interface ErrorDetail {
  /** What the person at the terminal can do about it: one sentence without the final full stop. */
  readonly hint?: string;
  /** The error underneath; shown with `--debug`. */
  readonly cause?: unknown;
}

/**
 * The base of every error this package raises on purpose.
 *
 * The message names the object, then the cause ("layer sha256:…: the digest of the bytes received is …").
 * Each room has one subclass with a closed set of codes; a code is stable, may be matched by scripts, and
 * decides the exit status together with {@link exitCode}.
 */
export abstract class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly hint: string | undefined;
  /** Exit status of a command that ends with this error: 1 failed, 2 usage, 3 image refused, 4 not found. */
  abstract readonly exitCode: 1 | 2 | 3 | 4;

  constructor(code: Code, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint;
  }
}
