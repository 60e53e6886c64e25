import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { NodeError } from '../error.ts';

const REASONS: Readonly<Record<string, readonly [reason: string, hint?: string]>> = {
  ENOSPC: ['the disk is full', 'free some space: kairos-agent sysext remove takes away images'],
  EDQUOT: ['the disk quota is used up', 'free some space'],
  EFBIG: ['the file is larger than this file system or user may have'],
  EACCES: ['permission denied', 'run as root'],
  EPERM: ['permission denied', 'run as root'],
  EROFS: ['the file system is read-only', 'boot a state in which it is mounted writable'],
  ENOTDIR: ['something else than a directory is in the way'],
  ELOOP: [
    'it is a symbolic link, which is not followed here',
    'remove it if you do not know why it is there',
  ],
  EISDIR: ['it is a directory'],
  EEXIST: ['it is already there'],
  EXDEV: ['it is on another file system'],
  EIO: ['the disk has errors', 'look at the kernel log, and replace the disk'],
  ENAMETOOLONG: ['the name is too long'],
  EMFILE: ['too many files are open'],
};

/** The NodeError for a failed system call on `path`; an error that is none of the system's passes as it is. */
export function systemError(action: string, path: ByteString, error: unknown): unknown {
  const code = errorCode(error);
  if (code === undefined) return error;
  const [reason, hint] = REASONS[code] ?? [(error as Error).message];
  return new NodeError('io', `cannot ${action} ${displayName(path)}: ${reason}`, {
    cause: error,
    ...(hint !== undefined && { hint }),
  });
}

/** The code of a system call's error, such as `ENOENT`; also of one that is the cause of a NodeError. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof NodeError) return errorCode(error.cause);
  const { code, syscall } = error as NodeJS.ErrnoException;
  return syscall === undefined ? undefined : code;
}
