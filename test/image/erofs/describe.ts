import { createHash } from 'node:crypto';
import type { ByteString } from '../../../src/base/byte-string.ts';
import type { DirectoryNode, ErofsNode, FileNode } from '../../../src/image/erofs/tree.ts';
import type { FileSystem, Inode } from '../../../src/image/file-system.ts';

/** One name in a file system with everything that can be told about it, for comparing whole trees. */
export interface Description {
  readonly path: ByteString;
  readonly type: string;
  readonly mode: number;
  readonly owner: string;
  readonly mtime: string;
  readonly links: number;
  /** Of files: size and SHA-256; of links: the target; of devices: the numbers. */
  readonly content: string;
  /** `name=hexadecimal value`, sorted. */
  readonly xattrs: readonly string[];
  /** The first path of the same inode. */
  readonly sameAs: ByteString;
}

/** What a file's content looks like in a {@link Description}. */
export function describeContent(size: number | bigint, sha256: string): string {
  return `${size} bytes ${sha256}`;
}

/** SHA-256 of bytes in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Extended attributes as a {@link Description} has them. */
export function describeXattrs(xattrs: ReadonlyMap<ByteString, Uint8Array>): string[] {
  return [...xattrs].map(([name, value]) => `${name}=${Buffer.from(value).toString('hex')}`).sort();
}

/** Describes a tree that is to be written. `contents` are those of its files, as {@link describeContent} tells them. */
export function describeTree(root: DirectoryNode, contents: ReadonlyMap<FileNode, string>): Description[] {
  const found: { path: ByteString; node: ErofsNode }[] = [];
  const names = new Map<ErofsNode, ByteString[]>();
  for (const waiting = [{ path: '', node: root as ErofsNode }]; waiting.length > 0; ) {
    const { path, node } = waiting.pop()!;
    found.push({ path, node });
    const same = names.get(node);
    if (same === undefined) names.set(node, [path]);
    else same.push(path);
    if (node.type !== 'directory') continue;
    for (const [name, child] of node.children) {
      waiting.push({ path: path === '' ? name : `${path}/${name}`, node: child });
    }
  }
  const first = new Map([...names].map(([node, paths]) => [node, paths.sort()[0]!]));
  const described = found.map(({ path, node }) => ({
    path,
    type: node.type,
    mode: node.mode,
    owner: `${node.uid}:${node.gid}`,
    mtime: `${node.mtime.seconds}.${node.mtime.nanoseconds}`,
    links:
      node.type === 'directory'
        ? 2 + [...node.children.values()].filter(({ type }) => type === 'directory').length
        : names.get(node)!.length,
    content: contentOf(node, contents),
    xattrs: describeXattrs(node.xattrs),
    sameAs: first.get(node)!,
  }));
  return sorted(described);
}

function contentOf(node: ErofsNode, contents: ReadonlyMap<FileNode, string>): string {
  switch (node.type) {
    case 'file':
      return contents.get(node)!;
    case 'symlink':
      return node.target;
    case 'character-device':
    case 'block-device':
      return `${node.major}:${node.minor}`;
    default:
      return '';
  }
}

/** Describes an image as our own reader sees it. */
export async function describeImage<I extends Inode>(reader: FileSystem<I>): Promise<Description[]> {
  const described: (Omit<Description, 'sameAs'> & { nid: number })[] = [];
  for await (const { path, inode } of reader.walk()) {
    let content = '';
    if (inode.type === 'file') {
      const hash = createHash('sha256');
      for await (const piece of reader.content(inode)) hash.update(piece);
      content = describeContent(inode.size, hash.digest('hex'));
    }
    if (inode.type === 'symlink') content = await reader.linkTarget(inode);
    if (inode.type.endsWith('device')) content = `${inode.major}:${inode.minor}`;
    described.push({
      nid: inode.nid,
      path,
      type: inode.type,
      mode: inode.mode,
      owner: `${inode.uid}:${inode.gid}`,
      mtime: `${inode.mtime.seconds}.${inode.mtime.nanoseconds}`,
      links: inode.links,
      content,
      xattrs: describeXattrs(await reader.xattrs(inode)),
    });
  }
  const first = new Map<number, ByteString>();
  for (const { nid, path } of described) if (path <= (first.get(nid) ?? path)) first.set(nid, path);
  return sorted(described.map(({ nid, ...rest }) => ({ ...rest, sameAs: first.get(nid)! })));
}

/** In order of path. */
export function sorted(described: Description[]): Description[] {
  return described.sort((a, b) => (a.path < b.path ? -1 : 1));
}
