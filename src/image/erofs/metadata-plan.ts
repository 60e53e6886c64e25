import { BLOCK_SIZE } from '../block-sink.ts';
import { ImageError } from '../error.ts';
import { indexOf } from './compressed-inode.ts';
import type { InodeTable } from './inode-table.ts';
import { CHUNK_ADDRESS_SIZE, DATA_LAYOUT, INODE_SLOT, NO_BLOCK } from './layout.ts';
import { Placement } from './placement.ts';
import { chunkCount } from './stored-file.ts';
import type { ErofsNode, FileNode, FilePlacement, Timestamp } from './tree.ts';
import { encodeDevice, inodeSize, needsExtended } from './write-inode.ts';
import type { XattrTable } from './write-xattr.ts';

/** The area's limit here: places are kept as 32-bit numbers of slots. */
const MAX_AREA_BLOCKS = (2 ** 32 / BLOCK_SIZE) * INODE_SLOT;

/**
 * Where everything but the content of files goes, decided before any of it is written. Columns are by index into
 * {@link InodeTable.nodes}: with many inodes an object for each would cost more than the tree itself.
 */
export interface MetadataPlan {
  /** Tails without a full block before them whose content gets one block of its own, as it would be written often otherwise. */
  readonly sharedTails: ReadonlyMap<FilePlacement, SharedTail>;
  readonly extended: Uint8Array;
  readonly layouts: Uint8Array;
  readonly xattrSizes: Uint32Array;
  readonly sizes: Float64Array;
  /** `i_u` of the inode. */
  readonly unions: Uint32Array;
  /** Address of the metadata area, and what it begins with. */
  readonly areaBlock: number;
  readonly sharedXattrs: Uint8Array;
  /** Address of nid 0: a block before the first one with inodes, so that no inode has that number. */
  readonly metaBlock: number;
  readonly placement: Placement;
  nid(index: number): number;
}

/** A tail in a block of its own. */
interface SharedTail {
  readonly block: number;
  /** Bytes. */
  readonly size: number;
}

/** What a plan is made from. */
export interface MetadataInput {
  readonly inodes: InodeTable;
  readonly xattrs: XattrTable;
  /** Where content is that was stored for more than one node. */
  readonly sharedFiles: ReadonlySet<FilePlacement>;
  /** Where the next block goes. */
  readonly firstBlock: number;
  readonly buildTime: Timestamp;
}

/** How the data of one inode is stored. */
interface DataPlan {
  readonly size: number;
  readonly layout: number;
  readonly union: number;
  /** Bytes that follow the inode and its attributes. */
  readonly trailing: number;
}

/**
 * Decides sizes, layouts and places.
 *
 * @throws ImageError naming the path, for attributes that cannot be stored or that grew since `storeFile`.
 */
export function planMetadata(input: MetadataInput): MetadataPlan {
  const { nodes, links, path } = input.inodes;
  nodes.forEach((node, index) => {
    input.xattrs.count(node.xattrs, () => path(index));
  });
  const sharedXattrs = input.xattrs.share();
  const sharedTails = placeSharedTails(nodes, input.sharedFiles, input.firstBlock);
  const placement = new Placement(nodes.length, sharedXattrs.length);
  const extended = new Uint8Array(nodes.length);
  const layouts = new Uint8Array(nodes.length);
  const xattrSizes = new Uint32Array(nodes.length);
  const sizes = new Float64Array(nodes.length);
  const unions = new Uint32Array(nodes.length);
  let block = input.firstBlock + sharedTails.size;

  nodes.forEach((node, index) => {
    const size = dataSize(node, input.inodes);
    const isExtended = needsExtended(node, size, links[index]!, input.buildTime);
    const xattrSize = input.xattrs.sizeOf(node.xattrs, () => path(index));
    const head = inodeSize(isExtended) + xattrSize;
    let plan: DataPlan;
    if (node.type === 'file') {
      plan = planFile(node, head, sharedTails, () => path(index));
    } else if (node.type === 'directory' || node.type === 'symlink') {
      plan = planBytes(size, head, block);
      block +=
        plan.layout === DATA_LAYOUT.flatInline ? Math.floor(size / BLOCK_SIZE) : Math.ceil(size / BLOCK_SIZE);
    } else {
      const union = 'major' in node ? encodeDevice(node.major, node.minor) : 0;
      plan = { size, layout: DATA_LAYOUT.flatPlain, union, trailing: 0 };
    }
    extended[index] = isExtended ? 1 : 0;
    layouts[index] = plan.layout;
    xattrSizes[index] = xattrSize;
    sizes[index] = size;
    unions[index] = plan.union;
    placement.place(index, head + plan.trailing);
  });

  if (placement.blocks > MAX_AREA_BLOCKS) {
    throw new ImageError('out-of-range', `the metadata takes more than ${MAX_AREA_BLOCKS} blocks`);
  }
  const metaBlock = block + Math.floor(sharedXattrs.length / BLOCK_SIZE) - 1;
  const nid = (index: number): number => placement.nid(index, metaBlock - block);
  return {
    sharedTails,
    extended,
    layouts,
    xattrSizes,
    sizes,
    unions,
    areaBlock: block,
    sharedXattrs,
    metaBlock,
    placement,
    nid,
  };
}

function dataSize(node: ErofsNode, { directories }: InodeTable): number {
  switch (node.type) {
    case 'file':
      return node.data.size;
    case 'directory':
      return directories.get(node)!.size;
    case 'symlink':
      return node.target.length;
    default:
      return 0;
  }
}

function planFile(
  node: FileNode,
  head: number,
  sharedTails: ReadonlyMap<FilePlacement, SharedTail>,
  path: () => string,
): DataPlan {
  const { size, placement } = node.data;
  switch (placement.layout) {
    case 'empty':
      return { size, layout: DATA_LAYOUT.flatPlain, union: NO_BLOCK, trailing: 0 };
    case 'plain':
      return { size, layout: DATA_LAYOUT.flatPlain, union: placement.startBlock, trailing: 0 };
    case 'chunked': {
      const trailing = chunkCount(size, placement.chunkBits) * CHUNK_ADDRESS_SIZE;
      return { size, layout: DATA_LAYOUT.chunk, union: placement.chunkBits, trailing };
    }
    case 'inline': {
      const shared = sharedTails.get(placement);
      if (shared !== undefined)
        return { size, layout: DATA_LAYOUT.flatPlain, union: shared.block, trailing: 0 };
      const trailing = size % BLOCK_SIZE;
      if (head + trailing > BLOCK_SIZE) throw grownAttributes(path);
      const union = size < BLOCK_SIZE ? NO_BLOCK : placement.startBlock;
      return { size, layout: DATA_LAYOUT.flatInline, union, trailing };
    }
    case 'compressed': {
      const trailing = indexOf(size, head).end - head + (placement.tail?.size ?? 0);
      if (placement.tail !== undefined && head + trailing > BLOCK_SIZE) throw grownAttributes(path);
      return { size, layout: DATA_LAYOUT.compressedCompact, union: placement.blocks, trailing };
    }
  }
}

function grownAttributes(path: () => string): ImageError {
  return new ImageError(
    'unrepresentable',
    `${path()}: the extended attributes are larger than those its content was stored with`,
  );
}

/** Data that is written with the metadata: beside the inode as far as it fits, else from `block` on. */
function planBytes(size: number, head: number, block: number): DataPlan {
  const tail = size % BLOCK_SIZE;
  if (tail === 0 || head + tail > BLOCK_SIZE) {
    return { size, layout: DATA_LAYOUT.flatPlain, union: block, trailing: 0 };
  }
  const union = size < BLOCK_SIZE ? NO_BLOCK : block;
  return { size, layout: DATA_LAYOUT.flatInline, union, trailing: tail };
}

/** Files of less than a block that so many inodes have that one block is less than a copy beside each. */
function placeSharedTails(
  nodes: readonly ErofsNode[],
  sharedFiles: ReadonlySet<FilePlacement>,
  firstBlock: number,
): Map<FilePlacement, SharedTail> {
  const uses = new Map<FilePlacement, { readonly size: number; count: number }>();
  for (const node of nodes) {
    if (node.type !== 'file') continue;
    const { size, placement } = node.data;
    if (placement.layout !== 'inline' || size >= BLOCK_SIZE || !sharedFiles.has(placement)) continue;
    const use = uses.get(placement);
    if (use === undefined) uses.set(placement, { size, count: 1 });
    else use.count += 1;
  }
  const often = [...uses].filter(([, { size, count }]) => size * count > BLOCK_SIZE);
  return new Map(
    often.map(([placement, { size }], position) => [placement, { block: firstBlock + position, size }]),
  );
}
