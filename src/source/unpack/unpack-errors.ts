import { SourceError } from '../error.ts';

/** Most bytes a layer may have unpacked: what exceeds it is a decompression bomb, or needs another way. */
export const UNPACKED_MAX = 64 * 2 ** 30;

/** For more bytes than a limit. @param what The layer. */
export function tooLarge(what: string, limit: number): SourceError {
  return new SourceError('too-large', `${what} unpacks to more than ${limit / 2 ** 30} GiB`, {
    hint: 'a layer of that size is most likely made to fill the disk: do not use it',
  });
}

/** For bytes that an inflater refuses. @param cause What it says of them. */
export function damaged(what: string, packing: string, cause: Error): SourceError {
  return new SourceError(
    'malformed',
    `${what}: its ${packing} data are damaged or truncated (${cause.message.replace(/^zlib: /, '')})`,
    {
      cause,
      hint: 'the file or layer is incomplete: fetch or make it again',
    },
  );
}
