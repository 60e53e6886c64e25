import { createHash } from 'node:crypto';
import { hexText } from '../../src/base/hex.ts';
import { MINIMUM_FIRST_USABLE_LBA, SECTOR_SIZE, TABLE_SECTORS } from '../../src/image/gpt/layout.ts';
import { type Designator, PARTITION_TYPES } from '../../src/image/gpt/partition-types.ts';
import { type GptPartition, writeGpt } from '../../src/image/gpt/write.ts';
import { uuidText } from '../../src/image/guid.ts';
import { signDetached } from '../../src/image/signature/detached-signature.ts';
import { writeSignaturePartition } from '../../src/image/signature/write-partition.ts';
import { directory, TestImage } from '../../test/image/erofs/build-image.ts';
import { type TestKey, testSigner } from '../../test/image/test-signer.ts';
import { ownErofsImages } from './erofs-images.ts';
import { fixture } from './fixtures.ts';
import { hashPartition } from './verity.ts';

interface Part {
  readonly designator: Designator;
  readonly bytes: Uint8Array;
  readonly guid?: string;
}

/** Images with a partition table that are far smaller than tools make them: signed, unsigned, and without a tree. */
export async function smallDiskImages(): Promise<Uint8Array[]> {
  const [data] = await ownErofsImages();
  const { bytes: hash, rootHash } = await hashPartition(data!);
  const signature = writeSignaturePartition({
    rootHash: hexText(rootHash),
    certificateFingerprint: 'ab'.repeat(32),
    signature: fixture('test/fixtures/signature/ec-p256.p7s'),
  });
  const parts: Part[] = [
    { designator: 'root', bytes: data!, guid: uuidText(rootHash) },
    { designator: 'root-verity', bytes: hash, guid: uuidText(rootHash.subarray(16)) },
    // Tools write more zeros behind it.
    { designator: 'root-verity-sig', bytes: signature.subarray(0, 4096) },
  ];
  const usr = parts.map((part) => ({
    ...part,
    designator: part.designator.replace('root', 'usr') as Designator,
  }));
  return [parts, parts.slice(0, 2), parts.slice(0, 1), usr].map(diskImage);
}

/** A small image that is signed with one of the keys that tests sign with, and the data that its hash tree covers. */
export async function signedDiskImage(key: TestKey): Promise<{ image: Uint8Array; data: Uint8Array }> {
  const tree = new TestImage();
  const release = await tree.file('ID=_any\n');
  await tree.finish(
    directory([
      [
        'usr',
        directory([
          ['lib', directory([['extension-release.d', directory([['extension-release.fuzz', release]])]])],
          ['share', directory([['file', await tree.file('x'.repeat(5000))]])],
        ]),
      ],
    ]),
  );
  const data = tree.sink.bytes().slice();
  const { bytes: hash, rootHash } = await hashPartition(data);
  const signer = testSigner(key);
  const signature = writeSignaturePartition({
    rootHash: hexText(rootHash),
    certificateFingerprint: createHash('sha256').update(signer.certificate).digest('hex'),
    signature: await signDetached(Buffer.from(hexText(rootHash)), signer),
  });
  const image = diskImage([
    { designator: 'root', bytes: data, guid: uuidText(rootHash) },
    { designator: 'root-verity', bytes: hash, guid: uuidText(rootHash.subarray(16)) },
    { designator: 'root-verity-sig', bytes: signature.subarray(0, 4096) },
  ]);
  return { image, data };
}

function diskImage(parts: readonly Part[]): Uint8Array {
  let lba = MINIMUM_FIRST_USABLE_LBA;
  const partitions = parts.map(({ designator, bytes, guid }, index): GptPartition => {
    const firstLba = lba;
    lba += bytes.length / SECTOR_SIZE;
    return {
      typeGuid: PARTITION_TYPES['x86-64'][designator],
      guid: guid ?? `00000000-0000-4000-8000-00000000000${index}`,
      firstLba,
      lastLba: lba - 1,
      attributes: 1n << 60n,
      label: designator,
    };
  });
  const { start, end } = writeGpt({
    diskGuid: '00000000-0000-4000-8000-0000000000ff',
    sectors: lba + TABLE_SECTORS,
    firstUsableLba: MINIMUM_FIRST_USABLE_LBA,
    lastUsableLba: lba - 1,
    partitions,
  });
  return new Uint8Array(Buffer.concat([start, ...parts.map(({ bytes }) => bytes), end]));
}
