import type { ByteString } from '../../base/byte-string.ts';
import { BLOCK_SIZE, type BlockSink } from '../block-sink.ts';
import { ImageError } from '../error.ts';
import type { Scratch } from '../scratch.ts';
import { BlockWriter } from './block-writer.ts';
import { CompressedFiles, type Compression } from './compressed-files.ts';
import { FileData, type FileDataCounts } from './file-data.ts';
import { listInodes } from './inode-table.ts';
import { DATA_LAYOUT, EXTENDED_INODE_SIZE, NO_BLOCK, UUID_SIZE } from './layout.ts';
import { planMetadata } from './metadata-plan.ts';
import { checkTimestamp } from './node-check.ts';
import type { DirectoryNode, ErofsNode, StoredFile, Timestamp } from './tree.ts';
import { MetadataWriter } from './write-metadata.ts';
import { writeSuperblock } from './write-superblock.ts';
import { inlineXattrSize, XattrTable } from './write-xattr.ts';

/** What an {@link ErofsWriter} writes to and works with. */
export interface ErofsWriterOptions {
  /** Empty; the image is all that goes there. */
  readonly sink: BlockSink;
  readonly scratch: Scratch;
  /** 16 bytes in the order of RFC 9562. */
  readonly uuid: Uint8Array;
  /** A collision-resistant hash as text. Equal contents are recognised by it. */
  readonly fingerprint: (bytes: Uint8Array) => string;
  /** Undefined: content is stored as it is. */
  readonly compression?: Compression | undefined;
}

/** Larger files are not compressed: what the index would take, in memory and in the image, must have a bound. */
const MAX_COMPRESSED_SIZE = 2 ** 36;

/** A finished image in numbers. */
export interface ErofsSummary extends Readonly<FileDataCounts> {
  /** Size of the image in blocks. */
  readonly blocks: number;
  readonly inodes: number;
  /** Blocks for directories, link targets, attributes and inodes with the ends of files beside them. */
  readonly metadataBlocks: number;
}

/**
 * Writes an EROFS image in one pass: the content of files as it comes, then directories, shared
 * attributes and inodes, at last the superblock in the block that was kept free for it.
 *
 * The same calls give the same bytes. After an error the image is of no use.
 */
export class ErofsWriter {
  readonly #options: ErofsWriterOptions;
  readonly #files: FileData;
  readonly #compressed: CompressedFiles | undefined;

  constructor(options: ErofsWriterOptions) {
    if (options.uuid.length !== UUID_SIZE) {
      throw new ImageError(
        'out-of-range',
        `a file system's UUID has ${UUID_SIZE} bytes, not ${options.uuid.length}`,
      );
    }
    this.#options = options;
    const { sink, scratch, compression } = options;
    this.#files = new FileData(sink, scratch, options.fingerprint);
    this.#compressed = compression && new CompressedFiles(compression, sink, scratch, this.#files);
  }

  /**
   * Stores the content of one file; to be awaited before the next call. Content that is there already is not stored again;
   * zeros become holes where there is no compression, with which the file may still be under way when this returns.
   *
   * @param size Bytes that `content` yields, 0 to 2^53 − 1.
   * @param xattrs The attributes the file will have: they decide whether its end fits beside the inode.
   * @param content Pieces of any size; each is used only until the next is asked for.
   * @param name The file, for messages.
   * @throws ImageError ('malformed' if the content is longer or shorter, 'unrepresentable' for the attributes,
   * 'out-of-range' for the size).
   */
  storeFile(
    size: number,
    xattrs: ReadonlyMap<ByteString, Uint8Array>,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    name: () => string = () => 'a file',
  ): StoredFile | Promise<StoredFile> {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new ImageError(
        'out-of-range',
        `${name()}: the size ${size} is not an integer from 0 to 2^53 − 1`,
      );
    }
    const xattrSize = inlineXattrSize(xattrs, name);
    const tailLimit = BLOCK_SIZE - EXTENDED_INODE_SIZE - xattrSize;
    const store = (): StoredFile | Promise<StoredFile> => {
      if (this.#compressed === undefined) return this.#files.store(size, tailLimit, content, name);
      if (size <= MAX_COMPRESSED_SIZE)
        return this.#compressed.store(size, { xattrSize, tailLimit }, content, name);
      return this.#compressed.end().then(() => this.#files.store(size, tailLimit, content, name));
    };
    const reserving = this.#reserveSuperblock();
    return reserving === undefined ? store() : reserving.then(store);
  }

  /**
   * Writes everything else; nothing may follow.
   *
   * @param options.buildTime The time of the file system. Inodes with the same time take half the space.
   * @throws ImageError naming the path of what the format cannot hold.
   */
  async finish(root: DirectoryNode, { buildTime }: { readonly buildTime: Timestamp }): Promise<ErofsSummary> {
    const { sink, scratch, uuid, fingerprint, compression } = this.#options;
    checkTimestamp(buildTime, () => 'the file system');
    await this.#reserveSuperblock();
    await this.#compressed?.end();
    const inodes = listInodes(root);
    const xattrs = new XattrTable(fingerprint);
    const firstBlock = sink.blocks;
    const plan = planMetadata({ inodes, xattrs, sharedFiles: this.#files.shared, firstBlock, buildTime });
    const blocks = plan.areaBlock + plan.placement.blocks;
    if (blocks >= NO_BLOCK) {
      throw new ImageError(
        'out-of-range',
        `the file system has ${blocks} blocks, EROFS holds less than 2^32 − 1`,
      );
    }
    const writer = new MetadataWriter(inodes, xattrs, plan, scratch, compression?.settings);
    const out = new BlockWriter(sink);
    await writer.writeBlocks(out);
    await writer.writeArea(out);
    await out.end();
    await sink.replace(
      0,
      writeSuperblock({
        rootNid: plan.nid(0),
        inodes: inodes.nodes.length,
        buildTime,
        blocks,
        metaBlock: plan.metaBlock,
        xattrBlock: plan.areaBlock,
        uuid,
        hasChunkedFiles: plan.layouts.includes(DATA_LAYOUT.chunk),
        compression: plan.layouts.includes(DATA_LAYOUT.compressedCompact)
          ? compression && { settings: compression.settings, hasTails: inodes.nodes.some(hasCompressedTail) }
          : undefined,
      }),
    );
    return {
      ...this.#files.counts,
      blocks,
      inodes: inodes.nodes.length,
      metadataBlocks: blocks - firstBlock,
    };
  }

  #reserveSuperblock(): Promise<void> | undefined {
    const { sink } = this.#options;
    if (sink.blocks > 0) return undefined;
    return sink.append(new Uint8Array(BLOCK_SIZE)) ?? undefined;
  }
}

function hasCompressedTail(node: ErofsNode): boolean {
  if (node.type !== 'file') return false;
  const { placement } = node.data;
  return placement.layout === 'compressed' && placement.tail !== undefined;
}
