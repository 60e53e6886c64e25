import fc from 'fast-check';
import type { ByteString } from '../../../src/base/byte-string.ts';
import type { DirectoryNode, ErofsNode, InodeAttributes } from '../../../src/image/erofs/tree.ts';
import { BUILD_TIME, directory, type TestImage } from './build-image.ts';

/** The plan of a node, from which a test makes it: files must be stored first. */
export type NodePlan =
  | {
      readonly kind: 'directory';
      readonly given: InodeAttributes;
      readonly children: ReadonlyMap<ByteString, NodePlan>;
    }
  | {
      readonly kind: 'file';
      readonly given: InodeAttributes;
      readonly content: Uint8Array;
      readonly pieceSize: number;
    }
  | { readonly kind: 'again'; readonly which: number }
  | { readonly kind: 'other'; readonly node: ErofsNode };

const byteStrings = (
  minLength: number,
  maxLength: number,
  unit: fc.Arbitrary<number>,
): fc.Arbitrary<ByteString> =>
  fc.array(unit, { minLength, maxLength }).map((units) => String.fromCharCode(...units));

const nameUnit = fc.integer({ min: 1, max: 255 }).filter((unit) => unit !== 0x2f);
const names = fc
  .oneof(
    { weight: 6, arbitrary: byteStrings(1, 6, nameUnit) },
    { weight: 1, arbitrary: byteStrings(250, 255, nameUnit) },
    { weight: 2, arbitrary: fc.constantFrom('+x', '!', '...', '.a', '..a', '-', '\xff', '\x01') },
  )
  .filter((name) => name !== '.' && name !== '..');

const values = fc.oneof(
  { weight: 5, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 3000, max: 65_535 }).map((size) => new Uint8Array(size).fill(size)),
  },
  { weight: 3, arbitrary: fc.constant(Uint8Array.of(1, 0, 0, 2)) },
);
const xattrs = fc
  .array(
    fc.tuple(
      fc.oneof(
        fc.constantFrom(
          'security.capability',
          'user.a',
          'system.posix_acl_access',
          'system.posix_acl_default',
        ),
        byteStrings(1, 20, nameUnit).map((suffix) => `trusted.${suffix}`),
      ),
      values,
    ),
    { maxLength: 3 },
  )
  .map((entries) => new Map(entries));

const ids = fc.oneof(fc.integer({ min: 0, max: 65_536 }), fc.integer({ min: 0, max: 0xffff_ffff }));
const attributes: fc.Arbitrary<InodeAttributes> = fc.record({
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: ids,
  gid: ids,
  mtime: fc.oneof(
    fc.constant(BUILD_TIME),
    fc.record({ seconds: fc.maxSafeNat(), nanoseconds: fc.integer({ min: 0, max: 999_999_999 }) }),
  ),
  xattrs: fc.oneof({ weight: 2, arbitrary: fc.constant(new Map()) }, { weight: 1, arbitrary: xattrs }),
});

const sizes = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc
    .tuple(fc.constantFrom(0, 1, 2, 15, 16, 17, 33), fc.integer({ min: -70, max: 70 }))
    .map(([blocks, more]) => Math.max(0, blocks * 4096 + more)),
);
/** Segments of one byte each, so that equal files, and zeros of every length and place, are common. */
const contents = fc
  .array(fc.record({ fill: fc.integer({ min: 0, max: 2 }), size: sizes }), { maxLength: 4 })
  .map((segments) => {
    const whole = new Uint8Array(segments.reduce((sum, { size }) => sum + size, 0));
    let at = 0;
    for (const { fill, size } of segments) {
      whole.fill(fill, at, at + size);
      at += size;
    }
    return whole;
  });

const { node } = fc.letrec<{ node: NodePlan; folder: NodePlan }>((tie) => ({
  folder: fc.record({
    kind: fc.constant('directory' as const),
    given: attributes,
    children: fc
      .array(fc.tuple(names, tie('node')), { maxLength: 12 })
      .map((entries) => new Map(entries) as ReadonlyMap<ByteString, NodePlan>),
  }),
  node: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('file' as const),
        given: attributes,
        content: contents,
        pieceSize: fc.constantFrom(1000, 4096, 70_000, 1 << 20),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('again' as const), which: fc.nat({ max: 1000 }) }),
    },
    {
      weight: 3,
      arbitrary: otherNodes().map((other) => ({ kind: 'other' as const, node: other })),
    },
    { weight: 3, arbitrary: tie('folder') },
  ),
}));

function otherNodes(): fc.Arbitrary<ErofsNode> {
  const lengths = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 3900, max: 4095 }));
  return fc.oneof(
    fc.tuple(attributes, lengths, nameUnit).map(
      ([given, length, unit]): ErofsNode => ({
        type: 'symlink',
        ...given,
        target: String.fromCharCode(unit).repeat(length),
      }),
    ),
    fc
      .tuple(
        attributes,
        fc.constantFrom('character-device' as const, 'block-device' as const),
        fc.integer({ min: 0, max: 4095 }),
        fc.integer({ min: 0, max: 0xf_ffff }),
      )
      .map(([given, type, major, minor]): ErofsNode => ({ type, ...given, major, minor })),
    fc
      .tuple(attributes, fc.constantFrom('fifo' as const, 'socket' as const))
      .map(([given, type]): ErofsNode => ({ type, ...given })),
  );
}

/** Plans of root directories. */
export const trees = fc.record({
  given: attributes,
  children: fc
    .array(fc.tuple(names, node), { maxLength: 25 })
    .map((entries) => new Map(entries) as ReadonlyMap<ByteString, NodePlan>),
});

/** Stores the files of a plan and returns its tree. `again` nodes become hard links to an earlier node. */
export async function makeTree(
  image: TestImage,
  plan: { readonly given: InodeAttributes; readonly children: ReadonlyMap<ByteString, NodePlan> },
): Promise<DirectoryNode> {
  const linkable: ErofsNode[] = [];
  const make = async (
    given: InodeAttributes,
    plans: ReadonlyMap<ByteString, NodePlan>,
  ): Promise<DirectoryNode> => {
    const children: [ByteString, ErofsNode][] = [];
    for (const [name, child] of plans) {
      let made: ErofsNode | undefined;
      if (child.kind === 'directory') made = await make(child.given, child.children);
      else if (child.kind === 'file') made = await image.pieces(pieces(child), child.content, child.given);
      else if (child.kind === 'again') made = linkable[child.which % linkable.length];
      else made = { ...child.node };
      if (made === undefined) continue;
      if (made.type !== 'directory') linkable.push(made);
      children.push([name, made]);
    }
    return directory(children, given);
  };
  return make(plan.given, plan.children);
}

function* pieces({ content, pieceSize }: { content: Uint8Array; pieceSize: number }): Generator<Uint8Array> {
  for (let at = 0; at < content.length; at += pieceSize) yield content.slice(at, at + pieceSize);
}
