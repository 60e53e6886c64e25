import { bytesOf } from '../../base/byte-string.ts';
import { BLOCK_SIZE } from '../block-sink.ts';
import type { Scratch } from '../scratch.ts';
import type { BlockWriter } from './block-writer.ts';
import { indexOf, mapHeaderOffset, writeMapHeader } from './compressed-inode.ts';
import { MAP_HEADER_SIZE } from './compressed-layout.ts';
import { type CompressionSettings, hasBigClusters } from './compression-settings.ts';
import { writeDirectoryBlock } from './directory-blocks.ts';
import { asExtentList } from './extent-list.ts';
import type { InodeTable, SortedEntries } from './inode-table.ts';
import { CHUNK_ADDRESS_SIZE, DATA_LAYOUT, DIRENT_TYPE, INODE_SLOT, NO_BLOCK } from './layout.ts';
import type { MetadataPlan } from './metadata-plan.ts';
import { chunkCount } from './stored-file.ts';
import type { StoredFile } from './tree.ts';
import { inodeSize, writeInode } from './write-inode.ts';
import { IndexPacker } from './write-lclusters.ts';
import { type XattrTable, xattrCount } from './write-xattr.ts';

/** Block addresses of a chunked file that are written at a time. */
const CHUNK_BATCH = 1 << 16;

/** Writes what a {@link MetadataPlan} planned, in the order of the image. */
export class MetadataWriter {
  readonly #inodes: InodeTable;
  readonly #xattrs: XattrTable;
  readonly #plan: MetadataPlan;
  readonly #scratch: Scratch;

  readonly #compression: CompressionSettings | undefined;

  /** @param compression How files were compressed; undefined where none was. */
  constructor(
    inodes: InodeTable,
    xattrs: XattrTable,
    plan: MetadataPlan,
    scratch: Scratch,
    compression: CompressionSettings | undefined,
  ) {
    this.#compression = compression;
    this.#inodes = inodes;
    this.#xattrs = xattrs;
    this.#plan = plan;
    this.#scratch = scratch;
  }

  /** Contents that fill blocks of their own: shared small files, large directories, long link targets. */
  async writeBlocks(out: BlockWriter): Promise<void> {
    for (const [placement, { size }] of this.#plan.sharedTails) {
      await this.#writeTail(await out.claim(BLOCK_SIZE), { size, placement });
    }
    for (const [index, node] of this.#inodes.nodes.entries()) {
      const isInline = this.#plan.layouts[index] === DATA_LAYOUT.flatInline;
      if (node.type === 'symlink' && !isInline) (await out.claim(BLOCK_SIZE)).set(bytesOf(node.target));
      if (node.type !== 'directory') continue;
      const entries = this.#inodes.directories.get(node)!;
      const blocks = entries.bounds.length - 1 - (isInline ? 1 : 0);
      for (let block = 0; block < blocks; block++) {
        this.#writeEntries(await out.claim(BLOCK_SIZE), entries, block);
      }
    }
  }

  /** The metadata area: shared attributes, then inodes with what follows each. */
  async writeArea(out: BlockWriter): Promise<void> {
    const { sharedXattrs, placement } = this.#plan;
    const start = out.position;
    for (let at = 0; at < sharedXattrs.length; at += BLOCK_SIZE) {
      const part = sharedXattrs.subarray(at, at + BLOCK_SIZE);
      (await out.claim(part.length)).set(part);
    }
    for (const index of placement.inOrder()) {
      const skipping = out.skipTo(start + placement.slots[index]! * INODE_SLOT);
      if (skipping instanceof Promise) await skipping;
      // There are many, and mostly nothing is to be waited for.
      const claimed = out.claim(this.#inodeRoom(index));
      const target = claimed instanceof Promise ? await claimed : claimed;
      const writing = this.#writeInode(target, out, index);
      if (writing instanceof Promise) await writing;
    }
  }

  /** Bytes of an inode, its attributes, and the end of its content where that is beside it. */
  #inodeRoom(index: number): number {
    const { extended, layouts, xattrSizes, sizes } = this.#plan;
    const tail = layouts[index] === DATA_LAYOUT.flatInline ? sizes[index]! % BLOCK_SIZE : 0;
    return inodeSize(extended[index] === 1) + xattrSizes[index]! + tail;
  }

  /** @param target {@link #inodeRoom} bytes. */
  #writeInode(target: Uint8Array, out: BlockWriter, index: number): void | Promise<void> {
    const { extended, layouts, xattrSizes, sizes, unions } = this.#plan;
    const node = this.#inodes.nodes[index]!;
    const isExtended = extended[index] === 1;
    const xattrSize = xattrSizes[index]!;
    const size = sizes[index]!;
    const isInline = layouts[index] === DATA_LAYOUT.flatInline;
    const tailAt = inodeSize(isExtended) + xattrSize;
    writeInode(target, node, {
      extended: isExtended,
      layout: layouts[index]!,
      xattrCount: xattrCount(xattrSize),
      size,
      links: this.#inodes.links[index]!,
      union: unions[index]!,
      number: index + 1,
    });
    this.#xattrs.write(node.xattrs, target.subarray(inodeSize(isExtended), tailAt));
    const tail = target.subarray(tailAt);
    if (node.type === 'file' && node.data.placement.layout === 'chunked') {
      return this.#writeChunks(out, node.data);
    }
    if (node.type === 'file' && node.data.placement.layout === 'compressed') {
      return this.#writeClusters(out, tailAt, node.data);
    }
    if (!isInline) return;
    if (node.type === 'file') return this.#writeTail(tail, node.data);
    if (node.type === 'symlink') {
      tail.set(bytesOf(node.target));
    } else if (node.type === 'directory') {
      const entries = this.#inodes.directories.get(node)!;
      this.#writeEntries(tail, entries, entries.bounds.length - 2);
    }
  }

  #writeEntries(target: Uint8Array, { names, inodes, bounds }: SortedEntries, block: number): void {
    writeDirectoryBlock(target, names, bounds[block]!, bounds[block + 1]!, (entry) => {
      const inode = inodes[entry]!;
      return { nid: this.#plan.nid(inode), type: DIRENT_TYPE[this.#inodes.nodes[inode]!.type] };
    });
  }

  #writeTail(target: Uint8Array, { size, placement }: StoredFile): void | Promise<void> {
    if (placement.layout !== 'inline') return;
    const tail = this.#scratch.read(placement.tailOffset, size % BLOCK_SIZE);
    if (tail instanceof Promise) return tail.then((bytes) => target.set(bytes));
    target.set(tail);
  }

  /** The map header behind an inode of `head` bytes, the index, and the end of the content where it is beside it. */
  async #writeClusters(out: BlockWriter, head: number, file: StoredFile): Promise<void> {
    const { size, placement } = file;
    if (placement.layout !== 'compressed' || this.#compression === undefined) return;
    const { startBlock, extents, tail } = placement;
    const header = await out.claim(mapHeaderOffset(head) - head + MAP_HEADER_SIZE);
    writeMapHeader(header.subarray(-MAP_HEADER_SIZE), file, this.#compression);
    const hasBlockCounts = hasBigClusters(this.#compression);
    const packer = new IndexPacker({ size, location: indexOf(size, head), startBlock, hasBlockCounts });
    for (const range of extents) {
      const numbers = asExtentList(await this.#scratch.read(range.offset, range.size));
      const packs = packer.add(numbers);
      (await out.claim(packs.length)).set(packs);
    }
    const packs = packer.end();
    (await out.claim(packs.length)).set(packs);
    if (tail !== undefined)
      (await out.claim(tail.size)).set(await this.#scratch.read(tail.offset, tail.size));
  }

  async #writeChunks(out: BlockWriter, { size, placement }: StoredFile): Promise<void> {
    if (placement.layout !== 'chunked') return;
    const { chunkBits, runs } = placement;
    const count = chunkCount(size, chunkBits);
    let run = 0;
    for (let first = 0; first < count; first += CHUNK_BATCH) {
      const batch = Math.min(CHUNK_BATCH, count - first);
      const target = await out.claim(batch * CHUNK_ADDRESS_SIZE);
      const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
      for (let chunk = 0; chunk < batch; chunk++) {
        const block = (first + chunk) * 2 ** chunkBits;
        while (run + 1 < runs.length && runs[run + 1]!.firstBlock <= block) run++;
        const { firstBlock, startBlock } = runs[run]!;
        const address = startBlock === undefined ? NO_BLOCK : startBlock + block - firstBlock;
        view.setUint32(chunk * CHUNK_ADDRESS_SIZE, address, true);
      }
    }
  }
}
