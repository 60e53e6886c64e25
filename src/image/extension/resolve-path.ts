import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { ImageError } from '../error.ts';
import type { FileSystem, Inode } from '../file-system.ts';

/** Symbolic links followed on the way to one file (systemd 257 src/basic/chase.h: `CHASE_MAX`). */
const LINKS_MAX = 32;
/** Names on one way, far more than a release file needs: every one costs a look into all directories above it. */
const COMPONENTS_MAX = 64;

/** A file where links led to. */
export interface ResolvedPath<I extends Inode> {
  /** Without links, from the root, without a leading slash. */
  readonly path: ByteString;
  readonly inode: I;
}

/**
 * What is at a path when symbolic links are followed as if the file system were the whole tree: absolute links start
 * at its root, and `..` never leads out of it (`chaseat` with `CHASE_AT_RESOLVE_IN_ROOT` in systemd 257).
 *
 * @returns undefined if nothing is there.
 * @throws ImageError ('malformed' for links that lead too far or round in circles), and what the file system throws.
 */
export async function resolvePath<I extends Inode>(
  fileSystem: FileSystem<I>,
  path: ByteString,
): Promise<ResolvedPath<I> | undefined> {
  const waiting = path.split('/').reverse();
  const done: ByteString[] = [];
  const parents: I[] = [];
  let inode = await fileSystem.root();
  let links = 0;
  let components = 0;
  while (waiting.length > 0) {
    if (++components > COMPONENTS_MAX || links > LINKS_MAX) {
      throw new ImageError(
        'malformed',
        `${displayName(path)}: its symbolic links lead too far, or round in circles`,
      );
    }
    const name = waiting.pop()!;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      inode = parents.pop() ?? inode;
      done.pop();
      continue;
    }
    if (inode.type !== 'directory') return undefined;
    const child = await fileSystem.lookup([...done, name].join('/'));
    if (child === undefined) return undefined;
    if (child.type === 'symlink') {
      links++;
      const target = await fileSystem.linkTarget(child);
      if (target.startsWith('/')) {
        inode = parents[0] ?? inode;
        parents.length = 0;
        done.length = 0;
      }
      waiting.push(...target.split('/').reverse());
    } else {
      parents.push(inode);
      done.push(name);
      inode = child;
    }
  }
  return { path: done.join('/'), inode };
}
