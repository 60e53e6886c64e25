import type { ByteString } from '../../../base/byte-string.ts';
import { ImageError } from '../../error.ts';
import { ALGORITHMS, type Algorithm, MAX_EXTENT_SIZE } from '../compressed-layout.ts';
import type { ClusterExtent, Extent, StoredExtent } from '../extent.ts';
import { INODE_SLOT } from '../layout.ts';
import type { ErofsParts } from '../parts.ts';
import { ClusterReader } from '../read-content.ts';
import type { ErofsInode } from '../read-inode.ts';
import { mapContent, metadataEnd } from '../read-mapping.ts';
import type { StructureFindings } from './findings.ts';
import type { SpaceUsage } from './space-usage.ts';

/** Most bytes that are decompressed for a check: some minutes. */
const MAX_DECODED = 2 ** 36;
/** Longest extent, in the low bits of what is noted of a cluster; above it the algorithm's number. */
const LENGTH_BITS = 24;

/** Checks where the content of inodes is, and whether compressed clusters can be decompressed, each of them once. */
export class ContentCheck {
  readonly #parts: ErofsParts;
  readonly #findings: StructureFindings;
  readonly #usage: SpaceUsage;
  /** By block: the size of the cluster that starts there, in blocks. */
  readonly #clusterBlocks: Uint16Array;
  /** By block: how much the cluster that starts there must have, and its algorithm. */
  readonly #clusterContent: Uint32Array;
  #hasNoted = false;
  #decodedLeft = MAX_DECODED;

  constructor(parts: ErofsParts, findings: StructureFindings, usage: SpaceUsage, decodes: boolean) {
    this.#parts = parts;
    this.#findings = findings;
    this.#usage = usage;
    const blocks = decodes ? parts.superblock.blocks : 0;
    this.#clusterBlocks = new Uint16Array(blocks);
    this.#clusterContent = new Uint32Array(blocks);
  }

  /** Looks at where the metadata and content of an inode are. @throws ImageError */
  async check(inode: ErofsInode, path: ByteString | undefined): Promise<void> {
    const { bytes, superblock } = this.#parts;
    const what = `EROFS inode ${inode.nid}`;
    const start = superblock.metaBlock * superblock.blockSize + inode.nid * INODE_SLOT;
    const end = await metadataEnd(bytes, superblock, inode);
    bytes.check(start, end - start, () => what);
    if (!this.#usage.addInode(start, end)) {
      this.#findings.add('overlap', `${what}: it is where other metadata or content is`, path);
      return;
    }
    for await (const extent of mapContent(bytes, superblock, inode)) {
      await this.#checkExtent(extent, inode, { start, end }, path);
    }
  }

  async #checkExtent(
    extent: Extent,
    inode: ErofsInode,
    metadata: { readonly start: number; readonly end: number },
    path: ByteString | undefined,
  ): Promise<void> {
    const what = `EROFS inode ${inode.nid}`;
    if (extent.kind === 'hole') return;
    if (extent.kind === 'fragment') {
      const { size } = await this.#parts.packedInode.inode();
      if (extent.offset + extent.length <= size) return;
      throw new ImageError('malformed', `${what}: its fragment is not within the packed inode`);
    }
    const isInline = extent.offset >= metadata.start && extent.offset < metadata.end;
    if (!isInline && !this.#add(extent, inode)) {
      const where = `content at ${extent.offset} is where other content or metadata is`;
      this.#findings.add('overlap', `${what}: ${where}`, path);
    }
    if (extent.kind !== 'cluster' || extent.encoding === 'plain' || this.#clusterBlocks.length === 0) return;
    if (!isInline) {
      this.#note(extent, extent.encoding, what, path);
      return;
    }
    const cluster = await this.#parts.bytes.readNear(extent.offset, extent.size, () => what);
    this.#decode(cluster, extent, (cause) => this.#findings.add('content-undecodable', cause, path));
  }

  /** Notes who uses what. mkfs.erofs merges chunks, so that those of one file may begin amid those of another. */
  #add(extent: StoredExtent | ClusterExtent, { data }: ErofsInode): boolean {
    if (extent.kind === 'cluster') return this.#usage.addExtent(extent.offset, extent.size);
    return data.layout === 'chunked'
      ? this.#usage.addContent(extent.offset, extent.length)
      : this.#usage.addExtent(extent.offset, extent.length);
  }

  /** Notes what a cluster must hold for all who share it. */
  #note(extent: ClusterExtent, encoding: Algorithm, what: string, path: ByteString | undefined): void {
    const { blockSize } = this.#parts.superblock;
    const block = extent.offset / blockSize;
    const blocks = extent.size / blockSize;
    const algorithm = ALGORITHMS.indexOf(encoding);
    const known = this.#clusterContent[block]!;
    if (known !== 0 && (known >>> LENGTH_BITS !== algorithm || this.#clusterBlocks[block] !== blocks)) {
      this.#findings.add(
        'overlap',
        `${what}: it takes the cluster at ${extent.offset} for another than others do`,
        path,
      );
      return;
    }
    this.#hasNoted = true;
    this.#clusterBlocks[block] = blocks;
    const length = Math.max(extent.length, known % 2 ** LENGTH_BITS);
    this.#clusterContent[block] = algorithm * 2 ** LENGTH_BITS + length;
  }

  /** Decompresses all clusters that were noted, and tells the offsets of those for which that fails. */
  async decodeClusters(): Promise<Map<number, string>> {
    const { bytes, superblock } = this.#parts;
    const { blockSize } = superblock;
    const undecodable = new Map<number, string>();
    if (!this.#hasNoted) return undecodable;
    const reader = new ClusterReader(bytes, bytes.size);
    const what = (): string => 'EROFS';
    for (const [block, content] of this.#clusterContent.entries()) {
      if (content === 0) continue;
      const offset = block * blockSize;
      const extent: ClusterExtent = {
        kind: 'cluster',
        start: 0,
        length: content % 2 ** LENGTH_BITS,
        offset,
        size: this.#clusterBlocks[block]! * blockSize,
        encoding: ALGORITHMS[content >>> LENGTH_BITS]!,
        rotation: undefined,
      };
      this.#decode(await reader.read(extent, what), extent, (cause) => undecodable.set(offset, cause));
    }
    return undecodable;
  }

  /**
   * Whether the content of an inode may still be read, which means decompressing an extent at least, unless it is not
   * compressed.
   */
  mayDecode({ data, size }: ErofsInode): boolean {
    return data.layout !== 'compressed' || this.#takeDecoded(size + MAX_EXTENT_SIZE);
  }

  #decode(cluster: Uint8Array, extent: ClusterExtent, report: (cause: string) => void): void {
    if (!this.#takeDecoded(extent.length)) return;
    try {
      this.#parts.decoder.decode(cluster, extent, () => 'EROFS');
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      report(error.message);
    }
  }

  #takeDecoded(length: number): boolean {
    this.#decodedLeft -= length;
    if (this.#decodedLeft >= 0) return true;
    this.#findings.add('unchecked', 'EROFS: content beyond 64 GiB was not decompressed', undefined);
    return false;
  }
}
