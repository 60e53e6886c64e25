import { type ByteString, byteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { SourceError } from '../error.ts';

/** Where an entry of a tree lies. */
export interface TreePath {
  /** As the system wants it. */
  readonly full: Buffer;
  /** From the root of the tree; empty for the root. */
  readonly path: ByteString;
}

/** Bytes of the longest path that a call of the system takes: PATH_MAX of Linux without the NUL. */
const PATH_MAX = 4095;
/** Characters shown of a path that is too long. */
const SHOWN_MAX = 200;
const SEPARATOR = Buffer.from('/');

/** The path of a name in a directory. Throws a SourceError `too-large` where the system could not take it. */
export function childPath(directory: TreePath, name: Buffer): TreePath {
  const full = Buffer.concat([directory.full, SEPARATOR, name]);
  const path = directory.path === '' ? byteString(name) : `${directory.path}/${byteString(name)}`;
  if (full.length > PATH_MAX) {
    const shown = displayName(path.slice(0, SHOWN_MAX));
    throw new SourceError(
      'too-large',
      `${shown}…: the path has ${full.length} bytes, more than ${PATH_MAX}`,
      {
        hint: 'remove what lies that deep, or take a smaller part of the tree',
      },
    );
  }
  return { full, path };
}
