import { CodedError } from '../base/error.ts';

/** Why a source cannot be opened or read. */
export type SourceErrorCode =
  /** The reference or transport is not written in a form that can be understood. */
  | 'bad-reference'
  /** There is no such image, file, tag or platform. */
  | 'not-found'
  /** Credentials are missing or were rejected. */
  | 'unauthorized'
  /** The host cannot be reached, stopped answering, or answers what the protocol does not allow. */
  | 'unreachable'
  /** Bytes received differ from the digest or the size that was promised. */
  | 'digest-mismatch'
  /** An archive, manifest or layer breaks the rules of its format. */
  | 'malformed'
  /** A format or feature that this program does not handle. */
  | 'unsupported'
  /** Something is larger than the limits this program sets against hostile input. */
  | 'too-large'
  /** The file cannot be read by this user. */
  | 'unreadable';

/** A source of file trees cannot be opened or read. */
export class SourceError extends CodedError<SourceErrorCode> {
  override readonly name = 'SourceError';

  /** 2 for a reference that cannot be understood, 3 for bytes that are refused, 4 where nothing was found. */
  override get exitCode(): 1 | 2 | 3 | 4 {
    return EXIT_CODES[this.code] ?? 1;
  }
}

const EXIT_CODES: Partial<Record<SourceErrorCode, 2 | 3 | 4>> = {
  'bad-reference': 2,
  'digest-mismatch': 3,
  malformed: 3,
  'too-large': 3,
  'not-found': 4,
};
