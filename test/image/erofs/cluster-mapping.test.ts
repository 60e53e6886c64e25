import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Extent } from '../../../src/image/erofs/extent.ts';
import { ClusterMapping } from '../../../src/image/erofs/read-cluster-mapping.ts';
import type { ErofsInode } from '../../../src/image/erofs/read-inode.ts';
import { readMapHeader } from '../../../src/image/erofs/read-map-header.ts';
import type { Superblock } from '../../../src/image/erofs/read-superblock.ts';
import { FileSystemBytes } from '../../../src/image/file-system-bytes.ts';

const BLOCK = 4096;
/** Blocks before the first cluster. */
const FIRST_BLOCK = 20;

/** An inode's extents as a writer plans them: in order, at most one begins in an lcluster. */
interface Plan {
  /** By lcluster: where in it an extent begins, or undefined. The first is 0. */
  readonly heads: readonly (number | undefined)[];
  /** Blocks of the cluster of the extent that begins there. */
  readonly blocks: readonly number[];
  /** Bytes of the last lcluster. */
  readonly tail: number;
  /** Where the map header is, as a multiple of 8. */
  readonly header: number;
  readonly isBig: boolean;
}

const plans: fc.Arbitrary<Plan> = fc
  .array(
    fc.record({ isHead: fc.boolean(), offset: fc.nat(BLOCK - 1), blocks: fc.integer({ min: 1, max: 9 }) }),
    {
      minLength: 1,
      maxLength: 150,
    },
  )
  .chain((lclusters) =>
    fc.record({
      heads: fc.constant(
        lclusters.map(({ isHead, offset }, index) => (index === 0 ? 0 : isHead ? offset : undefined)),
      ),
      blocks: fc.constant(lclusters.map(({ blocks }) => blocks)),
      tail: fc.integer({ min: 1, max: BLOCK }),
      header: fc.nat(20).map((value) => 64 + 8 * value),
      isBig: fc.boolean(),
    }),
  )
  // A head behind the end of the file is not valid.
  .filter(({ heads, tail }) => heads.length === 1 || (heads.at(-1) ?? 0) < tail);

const sizeOf = ({ heads, tail }: Plan): number => (heads.length - 1) * BLOCK + tail;

/** Whether the count of an extent's blocks stands in the lcluster behind its head. */
const isContinued = ({ heads }: Plan, lcluster: number): boolean =>
  lcluster + 1 < heads.length && heads[lcluster + 1] === undefined;

/** Blocks are told only of extents that continue in the next lcluster. */
const blocksAt = (plan: Plan, lcluster: number): number =>
  plan.isBig && isContinued(plan, lcluster) ? plan.blocks[lcluster]! : 1;

/** What must be read: every extent's start, length, first block and number of blocks. */
function expected(plan: Plan): object[] {
  const starts = plan.heads.flatMap((offset, lcluster) =>
    offset === undefined ? [] : [{ lcluster, offset }],
  );
  let block = FIRST_BLOCK;
  return starts.map(({ lcluster, offset }, index) => {
    const start = lcluster * BLOCK + offset;
    const next = starts[index + 1];
    const end = next === undefined ? sizeOf(plan) : next.lcluster * BLOCK + next.offset;
    const size = blocksAt(plan, lcluster) * BLOCK;
    const extent = { start, length: end - start, offset: block * BLOCK, size, encoding: 'lz4' };
    block += size / BLOCK;
    return extent;
  });
}

/** Lclusters as numbers of both index formats: type, and offset, or distance and what is told of blocks. */
function entries(plan: Plan): { type: number; low: number; block: number; toNext: number }[] {
  let head = 0;
  let block = FIRST_BLOCK;
  return plan.heads.map((offset, lcluster) => {
    const nextHead = plan.heads.findIndex((other, index) => index > lcluster && other !== undefined);
    const toNext = (nextHead === -1 ? plan.heads.length : nextHead) - lcluster;
    if (offset !== undefined) {
      head = lcluster;
      const entry = { type: 1, low: offset, block, toNext };
      block += blocksAt(plan, lcluster);
      return entry;
    }
    const distance = lcluster - head;
    const low = plan.isBig && distance === 1 ? 0x800 | blocksAt(plan, head) : distance;
    return { type: 2, low, block: 0, toNext };
  });
}

function fullImage(plan: Plan): Uint8Array {
  const bytes = new Uint8Array(1 << 23);
  const view = new DataView(bytes.buffer);
  view.setUint16(plan.header + 4, plan.isBig ? 6 : 0, true);
  entries(plan).forEach(({ type, low, block, toNext }, index) => {
    const at = plan.header + 16 + 8 * index;
    view.setUint16(at, type, true);
    if (type === 1) {
      view.setUint16(at + 2, low, true);
      view.setUint32(at + 4, block, true);
    } else {
      view.setUint16(at + 4, low, true);
      view.setUint16(at + 6, toNext, true);
    }
  });
  return bytes;
}

function compactImage(plan: Plan, hasLargePacks: boolean): Uint8Array {
  const bytes = new Uint8Array(1 << 23);
  const view = new DataView(bytes.buffer);
  view.setUint16(plan.header + 4, (plan.isBig ? 6 : 0) | (hasLargePacks ? 1 : 0), true);
  const all = entries(plan);
  let at = plan.header + 8;
  let block = FIRST_BLOCK;
  for (let first = 0; first < all.length; ) {
    const isLarge = hasLargePacks && at % 32 === 0 && all.length - first >= 16;
    const [count, size, bits] = isLarge ? [16, 32, 14] : [2, 8, 16];
    const pack = all.slice(first, first + count);
    let value = 0n;
    // Without counts, the first head's block is one behind the pack's address.
    view.setUint32(at + size - 4, plan.isBig ? block : block - 1, true);
    pack.forEach(({ type, low, toNext }, index) => {
      const isLastOfPack = index === count - 1 && type === 2 && (low & 0x800) === 0;
      value |= BigInt((type << 12) | (isLastOfPack ? toNext : low)) << BigInt(bits * index);
      if (!plan.isBig) block += type === 1 ? 1 : 0;
      else if (type === 2) block += (low & 0x800) === 0 ? 0 : low & 0x7ff;
      else block += isContinued(plan, first + index) ? 0 : 1;
    });
    for (let byte = 0; byte < size - 4; byte++)
      bytes[at + byte] = Number((value >> BigInt(8 * byte)) & 0xffn);
    at += size;
    first += count;
  }
  return bytes;
}

async function mappingOf(plan: Plan, image: Uint8Array, isCompact: boolean): Promise<ClusterMapping> {
  const source = {
    size: image.length,
    read: (at: number, length: number) => image.subarray(at, at + length),
  };
  const bytes = new FileSystemBytes(source, image.length);
  const superblock = { blockSize: BLOCK, featureIncompat: 2, algorithms: ['lz4'] } as unknown as Superblock;
  const inode = { nid: 1, size: sizeOf(plan) } as ErofsInode;
  const data = { layout: 'compressed', headerOffset: plan.header, isCompact, blocks: 0 } as const;
  const map = await readMapHeader(bytes, superblock, inode, data);
  if (map.kind !== 'clusters') throw new Error('not in clusters');
  return new ClusterMapping(bytes, superblock, inode, map);
}

async function all(extents: AsyncIterable<Extent>): Promise<Extent[]> {
  const found: Extent[] = [];
  for await (const extent of extents) found.push(extent);
  return found;
}

/** A byte behind the map header's start and what it becomes; the flag in byte 7 would make the file a fragment. */
const change = fc.tuple(fc.nat(600), fc.nat(255)).filter(([offset]) => offset !== 7);

describe.each([
  ['full indexes', fullImage, false],
  ['small packs', (plan: Plan) => compactImage(plan, false), true],
  ['large packs', (plan: Plan) => compactImage(plan, true), true],
] as const)('%s', (_, imageOf, isCompact) => {
  test('give the extents that were planned, from the start and from any byte', async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.nat(), async (plan, anywhere) => {
        const mapping = await mappingOf(plan, imageOf(plan), isCompact);
        const wanted = expected(plan) as Extent[];
        expect(await all(mapping.extents())).toMatchObject(wanted);
        const from = anywhere % sizeOf(plan);
        const rest = wanted.filter(({ start, length }) => start + length > from);
        expect(await all(mapping.extents(from))).toMatchObject(rest);
      }),
    );
  });

  test('with any bytes inverted give extents in the file system, or an ImageError', async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.array(change, { minLength: 1, maxLength: 4 }), async (plan, changes) => {
        const image = imageOf(plan);
        for (const [offset, value] of changes) image[plan.header + offset] = value;
        try {
          const mapping = await mappingOf(plan, image, isCompact);
          let end = 0;
          for (const extent of await all(mapping.extents())) {
            expect(extent.start).toBe(end);
            end += extent.length;
            if (extent.kind === 'cluster')
              expect(extent.offset + extent.size).toBeLessThanOrEqual(image.length);
          }
          expect(end).toBe(sizeOf(plan));
        } catch (error) {
          expect(error).toMatchObject({ name: expect.stringMatching(/^ImageError$/) });
        }
      }),
    );
  });
});
