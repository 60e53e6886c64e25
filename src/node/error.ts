import { CodedError } from '../base/error.ts';

/** Why something on a node cannot be done. */
export type NodeErrorCode =
  /** A file of the machine cannot be read or written. */
  | 'io'
  /** A path leads out of the root, through a link where none may be, or is not what it should be. */
  | 'unsafe-path'
  /** Another agent is changing the store. */
  | 'busy'
  /** A name, URI or option that cannot be understood. */
  | 'bad-name'
  | 'bad-uri'
  /** Several extensions fit a name. */
  | 'ambiguous'
  /** There is no such extension, file or image. */
  | 'not-found'
  /** There is another image under the same name. */
  | 'exists'
  /** The image is refused. */
  | 'refused'
  /** The extension would harm the others, or does not fit this machine. */
  | 'conflict'
  /** The bytes are not those that were asked for. */
  | 'digest-mismatch'
  /** Not enough space on the file system. */
  | 'no-space'
  /** The download failed. */
  | 'download-failed'
  /** systemd refused, or did something else than was asked. */
  | 'systemd'
  /** The configuration cannot be understood. */
  | 'configuration'
  /** The person is not allowed to do this. */
  | 'not-permitted'
  /** This machine lacks something that is needed. */
  | 'unsupported';

const EXIT_CODES: Partial<Record<NodeErrorCode, 2 | 3 | 4>> = {
  'bad-name': 2,
  'bad-uri': 2,
  ambiguous: 2,
  refused: 3,
  'digest-mismatch': 3,
  conflict: 3,
  'not-found': 4,
};

/** Something on a node cannot be done. */
export class NodeError extends CodedError<NodeErrorCode> {
  override readonly name = 'NodeError';

  /** 2 for wrong usage, 3 where an image is refused, 4 where nothing was found. */
  override get exitCode(): 1 | 2 | 3 | 4 {
    return EXIT_CODES[this.code] ?? 1;
  }
}
