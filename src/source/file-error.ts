import { escapeControls } from '../base/display.ts';
import { SourceError } from './error.ts';

/** The SourceError for a failed file-system call on `path`; errors that are none of the system's pass as they are. */
export function fileError(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const shown = escapeControls(path);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new SourceError('not-found', `${shown}: there is no such file or directory`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new SourceError('unreadable', `${shown}: permission denied`, {
        cause: error,
        hint: 'run as a user who may read it',
      });
    case 'ELOOP':
      return new SourceError('malformed', `${shown}: it is a symbolic link where a file was expected`, {
        cause: error,
      });
    case 'EISDIR':
      return new SourceError('malformed', `${shown}: it is a directory, not a file`, { cause: error });
    case 'EIO':
      return new SourceError('unreadable', `${shown}: the disk cannot be read`, { cause: error });
    default:
      return error;
  }
}
