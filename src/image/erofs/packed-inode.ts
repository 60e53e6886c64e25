import { ImageError } from '../error.ts';
import type { FileSystemBytes } from '../file-system-bytes.ts';
import type { ClusterDecoder } from './decode-cluster.ts';
import type { ClusterExtent } from './extent.ts';
import { ClusterMapping } from './read-cluster-mapping.ts';
import { type ErofsInode, readInode } from './read-inode.ts';
import { readMapHeader } from './read-map-header.ts';
import { mapContent } from './read-mapping.ts';
import type { Superblock } from './read-superblock.ts';

/** Most bytes of decoded clusters that are kept: fragments of many files are in one. */
const KEPT_BYTES = 16 << 20;

/** The hidden inode that holds the fragments of others. Its decoded clusters are kept for the next fragment. */
export class PackedInode {
  readonly #bytes: FileSystemBytes;
  readonly #superblock: Superblock;
  readonly #decoder: ClusterDecoder;
  /** Decoded clusters by their offset, the ones used last at the end. */
  readonly #decoded = new Map<number, Uint8Array>();
  #decodedBytes = 0;
  #opened: Promise<OpenedInode> | undefined;

  constructor(bytes: FileSystemBytes, superblock: Superblock, decoder: ClusterDecoder) {
    this.#bytes = bytes;
    this.#superblock = superblock;
    this.#decoder = decoder;
  }

  /** The inode itself. @throws ImageError ('malformed' if there is none). */
  async inode(): Promise<ErofsInode> {
    return (await this.#open()).inode;
  }

  /** A part of its content, in pieces. @throws ImageError */
  async *read(offset: number, length: number, what: () => string): AsyncGenerator<Uint8Array> {
    const { inode, clusters } = await this.#open();
    if (offset + length > inode.size) {
      const range = `${length} bytes at ${offset}`;
      throw new ImageError(
        'malformed',
        `${what()}: ${range} are not within the packed inode's ${inode.size}`,
      );
    }
    const end = offset + length;
    const extents = clusters?.extents(offset) ?? mapContent(this.#bytes, this.#superblock, inode);
    for await (const extent of extents) {
      const { start } = extent;
      const from = Math.max(offset, start) - start;
      const to = Math.min(end, start + extent.length) - start;
      if (from < to) {
        if (extent.kind === 'fragment')
          throw new ImageError('malformed', 'EROFS: the packed inode has fragments');
        if (extent.kind === 'hole') yield new Uint8Array(to - from);
        else if (extent.kind === 'stored')
          yield await this.#bytes.readNear(extent.offset + from, to - from, what);
        else yield (await this.#decode(extent)).subarray(from, to);
      }
      if (start + extent.length >= end) return;
    }
  }

  async #decode(extent: ClusterExtent): Promise<Uint8Array> {
    const what = (): string => 'EROFS packed inode';
    const known = this.#decoded.get(extent.offset);
    if (known !== undefined && known.length >= extent.length) {
      this.#decoded.delete(extent.offset);
      this.#decoded.set(extent.offset, known);
      return known;
    }
    const cluster = await this.#bytes.read(extent.offset, extent.size, what);
    const decoded = this.#decoder.decode(cluster, extent, what);
    this.#keep(extent.offset, decoded);
    return decoded;
  }

  #keep(offset: number, decoded: Uint8Array): void {
    this.#forget(offset);
    this.#decoded.set(offset, decoded);
    this.#decodedBytes += decoded.length;
    for (const oldest of this.#decoded.keys()) {
      if (this.#decodedBytes <= KEPT_BYTES) return;
      this.#forget(oldest);
    }
  }

  #forget(offset: number): void {
    this.#decodedBytes -= this.#decoded.get(offset)?.length ?? 0;
    this.#decoded.delete(offset);
  }

  #open(): Promise<OpenedInode> {
    this.#opened ??= openPackedInode(this.#bytes, this.#superblock);
    return this.#opened;
  }
}

interface OpenedInode {
  readonly inode: ErofsInode;
  /** Undefined where the content is not in clusters. */
  readonly clusters: ClusterMapping | undefined;
}

async function openPackedInode(bytes: FileSystemBytes, superblock: Superblock): Promise<OpenedInode> {
  const malformed = (cause: string): ImageError =>
    new ImageError('malformed', `EROFS: the packed inode ${cause}`);
  if (superblock.packedNid === undefined) throw malformed('that fragments are in is missing');
  const inode = await readInode(bytes, superblock, superblock.packedNid);
  if (inode.type !== 'file') throw malformed(`is a ${inode.type}`);
  if (inode.data.layout !== 'compressed') return { inode, clusters: undefined };
  const map = await readMapHeader(bytes, superblock, inode, inode.data);
  if (map.kind === 'fragment') throw malformed('is in itself');
  return { inode, clusters: new ClusterMapping(bytes, superblock, inode, map) };
}
