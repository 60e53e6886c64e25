import type { ByteString } from '../base/byte-string.ts';
import { displayName } from '../base/display.ts';
import { BuildError } from './error.ts';

/** Longest name of one path component, in bytes (Linux NAME_MAX, and EROFS). */
const NAME_MAX = 255;
/** Longest path, in bytes (Linux PATH_MAX without the NUL). */
const PATH_MAX = 4095;

/**
 * The components of an entry's path, relative to the root of the tree: `.` and empty ones dropped, so
 * `./usr//bin/` is `usr`, `bin`. The root itself has none.
 *
 * Throws a BuildError `bad-path` for an absolute path, for one with `..`, and for names no file can have.
 * `layer` names the layer in the message.
 */
export function pathComponents(path: ByteString, layer: string): ByteString[] {
  const refuse = (cause: string, hint: string): never => {
    throw new BuildError('bad-path', `${layer}: the entry '${displayName(path.slice(0, 300))}' ${cause}`, {
      hint,
    });
  };
  if (path.startsWith('/')) {
    refuse(
      'has an absolute path',
      'make the archive with paths relative to the root of the tree (tar -C TREE .)',
    );
  }
  if (path.length > PATH_MAX) refuse(`is longer than ${PATH_MAX} bytes`, 'shorten the path');
  if (path.includes('\0')) refuse('has a NUL byte in its path', 'the archive is damaged or hostile');
  const components = path.split('/').filter((component) => component !== '' && component !== '.');
  for (const component of components) {
    if (component === '..') {
      refuse(
        "leaves the tree with '..'",
        'the archive is hostile or badly made: list it with tar -tv before using it',
      );
    }
    if (component.length > NAME_MAX) refuse(`has a name of more than ${NAME_MAX} bytes`, 'shorten the name');
  }
  return components;
}
