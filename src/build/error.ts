import { CodedError } from '../base/error.ts';

/** Why an extension cannot be built. */
export type BuildErrorCode =
  /** NAME, a field or an option is not one that systemd would accept. */
  | 'bad-argument'
  /** An entry's path leaves the tree, or passes through something that is no directory. */
  | 'bad-path'
  /** Two entries of one layer claim the same path. */
  | 'conflict'
  /** A hard link names an entry that is not there. */
  | 'dangling-link'
  /** The tree holds something that would harm the host once merged. */
  | 'harmful'
  /** Nothing is left that would extend the host. */
  | 'nothing-to-extend'
  /** The output cannot be written. */
  | 'output';

const EXIT_CODES: Readonly<Record<BuildErrorCode, 1 | 2 | 3>> = {
  'bad-argument': 2,
  'bad-path': 3,
  conflict: 3,
  'dangling-link': 3,
  harmful: 3,
  'nothing-to-extend': 1,
  output: 1,
};

/** An extension cannot be built from what was given. */
export class BuildError extends CodedError<BuildErrorCode> {
  override readonly name = 'BuildError';

  /** 2 for arguments, 3 for a source that is refused, else 1. */
  override get exitCode(): 1 | 2 | 3 {
    return EXIT_CODES[this.code];
  }
}
