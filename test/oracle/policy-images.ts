import { writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import type { Architecture } from '../../src/image/architecture.ts';
import {
  ATTRIBUTE,
  MINIMUM_FIRST_USABLE_LBA,
  SECTOR_SIZE,
  TABLE_SECTORS,
} from '../../src/image/gpt/layout.ts';
import { type Designator, partitionType } from '../../src/image/gpt/partition-types.ts';
import type { PartitionDesignator } from '../../src/image/gpt/read-partition-type.ts';
import { writeGpt } from '../../src/image/gpt/write.ts';

/** A partition for systemd-dissect to find. */
export interface TestPartition {
  readonly designator: PartitionDesignator | 'linux-generic' | 'unknown';
  /** Of types that name one. */
  readonly architecture: Architecture;
  readonly label: string;
  readonly readOnly: boolean;
  readonly growFileSystem: boolean;
  readonly noAuto: boolean;
  readonly content: 'erofs' | 'luks' | 'zeros';
}

/** Types without architecture: Discoverable Partitions Specification (UAPI.2); the last is nobody's. */
const TYPES: Readonly<Record<Exclude<TestPartition['designator'], Designator>, string>> = {
  home: '933ac7e1-2eb4-4f13-b844-0e14e2aef915',
  srv: '3b8f8425-20e0-4f3b-907f-1a25a76f98e8',
  esp: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  xbootldr: 'bc13c2ff-59e6-4262-a352-b275fd6f7172',
  swap: '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f',
  tmp: '7ec6f557-3bc5-4aca-b293-16ef5df639d1',
  var: '4d21b016-b534-45c2-a9fb-5c16e091fd2d',
  'linux-generic': '0fc63daf-8483-4772-8e79-3d69d8477de4',
  unknown: '11111111-2222-4333-8444-555555555555',
};

/** Sectors of every partition. */
const SECTORS = 128;

/** Header of a LUKS 1 volume, as far as libblkid looks at it. */
function luksHeader(): Uint8Array {
  const bytes = new Uint8Array(1024);
  bytes.set([0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe, 0, 1]);
  bytes.set(new TextEncoder().encode('6f1b0bcb-4a43-5b52-8d1a-111111111111'), 168);
  return bytes;
}

/** Writes an image with these partitions, and returns it. */
export async function writePolicyImage(
  path: string,
  partitions: readonly TestPartition[],
  erofs: Uint8Array,
): Promise<Uint8Array> {
  const sectors = MINIMUM_FIRST_USABLE_LBA + Math.max(partitions.length, 1) * SECTORS + TABLE_SECTORS;
  const table = writeGpt({
    diskGuid: '6f1b0bcb-4a43-4b52-8d1a-111111111111',
    sectors,
    firstUsableLba: MINIMUM_FIRST_USABLE_LBA,
    lastUsableLba: sectors - TABLE_SECTORS - 1,
    partitions: partitions.map((partition, index) => ({
      typeGuid: isVersioned(partition.designator)
        ? partitionType(partition.architecture, partition.designator)
        : TYPES[partition.designator],
      guid: `6f1b0bcb-4a43-4b52-8d1a-${String(index).padStart(12, '0')}`,
      firstLba: MINIMUM_FIRST_USABLE_LBA + index * SECTORS,
      lastLba: MINIMUM_FIRST_USABLE_LBA + (index + 1) * SECTORS - 1,
      attributes:
        (partition.readOnly ? ATTRIBUTE.readOnly : 0n) |
        (partition.growFileSystem ? ATTRIBUTE.growFileSystem : 0n) |
        (partition.noAuto ? ATTRIBUTE.noAuto : 0n),
      label: partition.label,
    })),
  });
  const image = new Uint8Array(sectors * SECTOR_SIZE);
  image.set(table.start, 0);
  image.set(table.end, image.length - table.end.length);
  for (const [index, { content }] of partitions.entries()) {
    const start = (MINIMUM_FIRST_USABLE_LBA + index * SECTORS) * SECTOR_SIZE;
    if (content === 'erofs') image.set(erofs.subarray(0, SECTORS * SECTOR_SIZE), start);
    if (content === 'luks') image.set(luksHeader(), start);
  }
  await writeFile(path, image);
  return image;
}

function isVersioned(designator: TestPartition['designator']): designator is Designator {
  return /^(root|usr)/.test(designator);
}

/** A partition of the ordinary kind. */
export function plainPartition(
  designator: TestPartition['designator'],
  given: Partial<TestPartition> = {},
): TestPartition {
  return {
    designator,
    architecture: 'x86-64',
    label: designator,
    readOnly: true,
    growFileSystem: false,
    noAuto: false,
    content: 'zeros',
    ...given,
  };
}

const OTHERS: readonly PartitionDesignator[] = ['home', 'srv', 'esp', 'xbootldr', 'swap', 'tmp', 'var'];

const attributes = {
  architecture: fc.constantFrom('x86-64' as const, 'x86-64', 'x86-64', 'x86', 'arm64'),
  label: fc.constantFrom('', 'a', 'a_1', 'a_2~rc1', 'a_2', 'a_10'),
  readOnly: fc.boolean(),
  growFileSystem: fc.constantFrom(false, false, true),
  noAuto: fc.constantFrom(false, false, false, false, false, true),
  content: fc.constantFrom('erofs' as const, 'erofs', 'zeros', 'luks'),
};

/** A file system, and most often the hash tree and signature that belong to it. */
const family = fc
  .record({
    data: fc.constantFrom('root' as const, 'root', 'usr'),
    parts: fc.integer({ min: 1, max: 3 }),
    ...attributes,
  })
  .map(({ data, parts, ...partition }): TestPartition[] =>
    ([data, `${data}-verity`, `${data}-verity-sig`] as const)
      .slice(0, parts)
      .map((designator) => ({ designator, ...partition, architecture: 'x86-64', noAuto: false })),
  );

/** Anything. */
const stray = fc
  .record({
    designator: fc.constantFrom<TestPartition['designator']>(
      'root',
      'usr',
      'root-verity',
      'root-verity-sig',
      'usr-verity',
      'usr-verity-sig',
      'linux-generic',
      'unknown',
      ...OTHERS,
    ),
    ...attributes,
  })
  // For the ESP the bit means nothing.
  .map((partition) => (partition.designator === 'esp' ? { ...partition, noAuto: false } : partition));

/** Random partitions, most of which belong together. */
export const arbitraryPartitions: fc.Arbitrary<TestPartition[]> = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: family }, { weight: 1, arbitrary: fc.constant([]) }),
    fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(stray, { maxLength: 3 }) },
    ),
  )
  .chain(([related, strays]) =>
    fc.shuffledSubarray([...related, ...strays], { minLength: related.length + strays.length }),
  );

const FLAGS = ['verity', 'signed', 'encrypted', 'unprotected', 'unused', 'absent', 'open', 'ignore'];
const BITS = ['read-only-on', 'read-only-off', 'growfs-on', 'growfs-off'];

const flags = fc
  .tuple(
    fc.subarray(FLAGS, { minLength: 1, maxLength: 5 }),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<string[]>([]) },
      { weight: 1, arbitrary: fc.subarray(BITS, { maxLength: 2 }) },
    ),
  )
  .map(([use, bits]) => [...use, ...bits].join('+') || '-');

/** Random policies that systemd understands; most let much pass, so that verdicts go both ways. */
export const arbitraryPolicy: fc.Arbitrary<string> = fc
  .record({
    rules: fc.uniqueArray(
      fc.tuple(
        fc.oneof(
          { weight: 4, arbitrary: fc.constantFrom('root', 'usr') },
          {
            weight: 2,
            arbitrary: fc.constantFrom('root-verity', 'root-verity-sig', 'usr-verity', 'usr-verity-sig'),
          },
          { weight: 1, arbitrary: fc.constantFrom(...OTHERS) },
        ),
        fc.oneof(
          flags,
          fc.constantFrom('open', 'signed+absent', 'verity', 'verity+signed', 'encrypted+verity'),
        ),
      ),
      { selector: ([designator]) => designator, maxLength: 4 },
    ),
    fallback: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(undefined, 'open', 'ignore', 'open', 'absent') },
      { weight: 1, arbitrary: flags },
    ),
  })
  .map(({ rules, fallback }) =>
    [
      ...rules.map(([designator, words]) => `${designator}=${words}`),
      ...(fallback === undefined ? [] : [`=${fallback}`]),
    ].join(':'),
  );
