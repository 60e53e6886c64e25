import type { ByteString } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { ImageError } from '../error.ts';
import { type DirectoryLayout, layOutDirectory } from './directory-blocks.ts';
import { checkName, checkNode } from './node-check.ts';
import type { DirectoryNode, ErofsNode } from './tree.ts';

/** A directory's entries in the order in which they are stored, `.` and `..` among them. */
export interface SortedEntries extends DirectoryLayout {
  readonly names: readonly ByteString[];
  /** The inode of each name, as an index into {@link InodeTable.nodes}. */
  readonly inodes: Uint32Array;
}

/** Every inode of a tree once, directory after directory from the root, the children of each in order of name. */
export interface InodeTable {
  /** The root is the first. */
  readonly nodes: readonly ErofsNode[];
  /** Link counts: names of the inode, for directories 2 and the number of subdirectories. */
  readonly links: Uint32Array;
  readonly directories: ReadonlyMap<DirectoryNode, SortedEntries>;
  /** The first path of an inode, for messages. */
  path(index: number): string;
}

/**
 * Lists and checks the inodes of a tree. Keeps its place in a queue rather than on the stack, so that depth
 * is limited by memory only.
 *
 * @throws ImageError naming the path, for what {@link checkName} and {@link checkNode} refuse and for a
 * directory with two names.
 */
export function listInodes(root: DirectoryNode): InodeTable {
  const nodes: ErofsNode[] = [root];
  const indexes = new Map<ErofsNode, number>([[root, 0]]);
  const parents = [0];
  const firstNames: ByteString[] = [''];
  const links = [2];
  const directories = new Map<DirectoryNode, SortedEntries>();

  const path = (index: number): string => {
    const names: ByteString[] = [];
    for (let at = index; at !== 0; at = parents[at]!) names.push(firstNames[at]!);
    return displayName(`/${names.reverse().join('/')}`);
  };
  const childPath = (parent: number, name: ByteString): string => {
    return parent === 0 ? `/${displayName(name)}` : `${path(parent)}/${displayName(name)}`;
  };

  checkNode(root, () => '/');
  for (let index = 0; index < nodes.length; index++) {
    const directory = nodes[index]!;
    if (directory.type !== 'directory') continue;
    const names = ['.', '..', ...directory.children.keys()].sort();
    const inodes = new Uint32Array(names.length);
    for (const [position, name] of names.entries()) {
      const child = directory.children.get(name);
      if (name === '.' || name === '..') {
        if (child !== undefined) checkName(name, () => childPath(index, name));
        inodes[position] = name === '.' ? index : parents[index]!;
        continue;
      }
      checkName(name, () => childPath(index, name));
      const known = indexes.get(child!);
      if (known !== undefined && child!.type === 'directory') {
        throw new ImageError(
          'unrepresentable',
          `${childPath(index, name)}: this directory is already in the tree, as ${path(known)}`,
        );
      }
      if (known === undefined) {
        checkNode(child!, () => childPath(index, name));
        indexes.set(child!, nodes.length);
        parents.push(index);
        firstNames.push(name);
        links.push(child!.type === 'directory' ? 2 : 1);
        if (child!.type === 'directory') links[index]! += 1;
      } else {
        links[known]! += 1;
      }
      inodes[position] = known ?? nodes.length;
      if (known === undefined) nodes.push(child!);
    }
    directories.set(directory, { names, inodes, ...layOutDirectory(names) });
  }
  return { nodes, links: Uint32Array.from(links), directories, path };
}
