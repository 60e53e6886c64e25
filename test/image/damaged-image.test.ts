import { beforeAll, describe, expect, test } from 'vitest';
import { dissectImage } from '../../src/image/dissection.ts';
import { ImageError } from '../../src/image/error.ts';
import { readPartitionTable } from '../../src/image/gpt/read-partition-table.ts';
import type { ImageFinding } from '../../src/image/image-finding.ts';
import { verifyHashTree } from '../../src/image/verity/verify-tree.ts';
import { verityHasher } from '../../src/platform/verity-hashers.ts';
import { buildMemoryImage, memorySource } from './memory-image.ts';
import { testSigner } from './test-signer.ts';
import { noise } from './write-test-image.ts';

/*
 * A small image with each byte changed in turn. It has a partition table in sectors of 512 bytes: MBR, header, 32
 * sectors of entries; and as many for the backup, in the other order.
 */
const BLOCK = 4096;
const DATA_BLOCKS = 2;
const HEADER_SIZE = 92;
const SUPERBLOCK_SIZE = 512;

let image: Uint8Array;
let places: { readonly data: number; readonly hash: number; readonly signature: number };

beforeAll(async () => {
  image = await buildMemoryImage(noise(DATA_BLOCKS), testSigner('rsa'));
  const { partitions } = await readPartitionTable(memorySource(image));
  const [data, hash, signature] = partitions.map(({ offset }) => offset) as [number, number, number];
  places = { data, hash, signature };
});

/** Takes an image apart and verifies its hash tree: the layers with errors, or `unreadable`. */
async function judge(bytes: Uint8Array): Promise<string> {
  let findings: readonly ImageFinding[];
  try {
    const dissection = await dissectImage(memorySource(bytes), { hasherFor: verityHasher });
    const { tree, rootHash } = dissection;
    const verified = tree && rootHash ? await verifyHashTree(tree, { rootHash }) : [];
    findings = [...dissection.findings, ...verified];
  } catch (error) {
    if (error instanceof ImageError) return 'unreadable';
    throw error;
  }
  const layers = findings.filter(({ level }) => level === 'error').map(({ layer }) => layer);
  return [...new Set(layers)].join(' ');
}

/** Only the partition table: for the many bytes that are nothing else. */
async function judgeTable(bytes: Uint8Array): Promise<string> {
  const { findings } = await readPartitionTable(memorySource(bytes));
  return [...new Set(findings.map(({ layer }) => layer))].join(' ');
}

/** For long stretches without structure: all bits at once. */
const ALL_BITS = { masks: [0xff] };

/** Ranges of places, each from its first to before its second, with the verdict when a byte there is changed. */
type Verdicts = readonly (readonly [from: number, to: number, verdict: string])[];

/** Changes the bytes of the image from `start` on that `verdicts` speaks of, and compares. */
async function expectVerdicts(
  start: number,
  verdicts: Verdicts,
  { masks = [0xff, 0x01], judgeImage = judge } = {},
): Promise<void> {
  for (const mask of masks) {
    const different: string[] = [];
    for (const [from, to, verdict] of verdicts) {
      for (let place = from; place < to; place++) {
        image[start + place]! ^= mask;
        const found = await judgeImage(image);
        image[start + place]! ^= mask;
        if (found !== verdict) different.push(`byte ${place}: "${found}" in place of "${verdict}"`);
      }
    }
    expect(different).toEqual([]);
  }
}

describe('a changed byte is found, and the layer it is in', { timeout: 120_000 }, () => {
  test('in the MBR, but for boot code and disk signature, status and CHS addresses', async () => {
    await expectVerdicts(0, [
      [0, 446, ''],
      [446, 450, ''],
      [450, 451, 'partition-table'],
      [451, 454, ''],
      [454, 512, 'partition-table'],
    ]);
  });

  test('in the headers, but for what follows them in their sectors', async () => {
    for (const start of [512, image.length - 512]) {
      await expectVerdicts(start, [
        [0, HEADER_SIZE, 'partition-table'],
        [HEADER_SIZE, 512, ''],
      ]);
    }
  });

  test.each([
    ['primary', () => 1024],
    ['backup', () => image.length - 512 - 128 * 128],
  ])('in the entries of the %s copy', async (_, start) => {
    await expectVerdicts(start(), [[0, 3 * 128, 'partition-table']]);
    await expectVerdicts(start(), [[3 * 128, 128 * 128, 'partition-table']], {
      ...ALL_BITS,
      judgeImage: judgeTable,
    });
  });

  test('in the verity superblock, but for its UUID and what is reserved', async () => {
    const reserved = [
      [16, 32, ''],
      [82, 88, ''],
      // Behind the 32 bytes of salt.
      [120, SUPERBLOCK_SIZE, ''],
    ] as const;
    await expectVerdicts(places.hash, [[SUPERBLOCK_SIZE, BLOCK, '']], ALL_BITS);
    await expectVerdicts(places.hash, [
      ...reserved,
      [0, 16, 'verity-superblock'],
      [32, 82, 'verity-superblock'],
      [88, 120, 'verity-superblock'],
    ]);
  });

  test('in the hash tree', async () => {
    await expectVerdicts(places.hash + BLOCK, [[0, BLOCK, 'hash-tree']], ALL_BITS);
  });

  test('in the data', async () => {
    await expectVerdicts(places.data, [[0, DATA_BLOCKS * BLOCK, 'data']], ALL_BITS);
  });

  test('in the signature partition: see below for what is in its strings', async () => {
    const json = Buffer.from(image.subarray(places.signature, image.indexOf(0, places.signature)));
    const value = (key: string): [number, number] => {
      const from = json.indexOf(`"${key}":"`) + key.length + 4;
      return [from, json.indexOf('"', from)];
    };
    const fingerprintKey = json.indexOf('certificateFingerprint');
    const fingerprint = value('certificateFingerprint');
    const signature = value('signature');
    await expectVerdicts(places.signature, [
      [0, fingerprintKey, 'signature'],
      [fingerprintKey + 'certificateFingerprint'.length, fingerprint[0], 'signature'],
      [fingerprint[1], signature[0], 'signature'],
      [signature[1], json.length, 'signature'],
    ]);
    await expectVerdicts(places.signature, [[json.length, 16384, 'signature']], ALL_BITS);
  });
});

/** What dissection cannot see in a signature partition is for whoever verifies the signature. */
test('a changed byte of a signature or fingerprint is found, or changes nothing else', async () => {
  const read = async () => (await dissectImage(memorySource(image), { hasherFor: verityHasher })).signature;
  const before = (await read())!;
  const length = image.indexOf(0, places.signature) - places.signature;
  for (let place = 0; place < length; place++) {
    image[places.signature + place]! ^= 0x01;
    if ((await judge(image)) === '') {
      const after = (await read())!;
      const changed = [
        Buffer.compare(after.signature, before.signature) !== 0,
        after.certificateFingerprint !== before.certificateFingerprint,
      ];
      expect(changed.filter(Boolean)).toHaveLength(1);
      expect(after.rootHash).toBe(before.rootHash);
    }
    image[places.signature + place]! ^= 0x01;
  }
});

test('bytes that nothing covers do not matter: behind the data, behind the tree, between the parts', async () => {
  const { data, hash, signature } = places;
  const inMiddle = (from: number, to: number): (readonly [number, number, string])[] =>
    [from, Math.floor((from + to) / 2), to - 1].map((place) => [place, place + 1, '']);
  await expectVerdicts(0, [
    ...inMiddle(34 * 512, data),
    ...inMiddle(data + DATA_BLOCKS * BLOCK, hash),
    ...inMiddle(hash + 2 * BLOCK, signature),
    ...inMiddle(signature + 16384, image.length - 33 * 512),
  ]);
});

test('an image of one data block, which has no tree', async () => {
  const whole = image;
  image = await buildMemoryImage(noise(1), testSigner('rsa'));
  const { partitions } = await readPartitionTable(memorySource(image));
  await expectVerdicts(partitions[0]!.offset, [[0, BLOCK, 'data']], ALL_BITS);
  await expectVerdicts(partitions[1]!.offset, [
    [0, 16, 'verity-superblock'],
    [16, 32, ''],
    // Whose fault it is cannot be told: the block and the salt give the root hash together.
    [88, 120, 'data'],
  ]);
  image = whole;
});

test('an image that was cut off is found, wherever', async () => {
  const borders = [
    0,
    512,
    1024,
    34 * 512,
    places.data,
    places.hash,
    places.signature,
    image.length - 33 * 512,
  ];
  const sizes = new Set<number>();
  for (let size = 0; size < image.length; size += 512) sizes.add(size);
  for (const border of [...borders, image.length - 512, image.length]) {
    for (const size of [border - 1, border + 1]) sizes.add(size);
  }
  for (const size of sizes) {
    if (size < 0 || size >= image.length) continue;
    expect(await judge(image.subarray(0, size)), `${size} bytes`).toMatch(/^(partition-table|unreadable)/);
  }
});
