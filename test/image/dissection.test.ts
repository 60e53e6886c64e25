import { describe, expect, test } from 'vitest';
import { describeMounts } from '../../src/image/dissect/mounts.ts';
import { dissectImage } from '../../src/image/dissection.ts';
import { ImageError } from '../../src/image/error.ts';
import { readPartitionTable } from '../../src/image/gpt/read-partition-table.ts';
import { writeGpt } from '../../src/image/gpt/write.ts';
import { guidBytes } from '../../src/image/guid.ts';
import { writeSignaturePartition } from '../../src/image/signature/write-partition.ts';
import { verifyHashTree } from '../../src/image/verity/verify-tree.ts';
import { sha256 } from '../../src/platform/hash.ts';
import { verityHasher } from '../../src/platform/verity-hashers.ts';
import { changeEntries } from './gpt/table-bytes.ts';
import { buildMemoryImage, memorySource, repartFixture } from './memory-image.ts';
import { testSigner } from './test-signer.ts';
import { noise } from './write-test-image.ts';

const dissect = (image: Uint8Array) => dissectImage(memorySource(image), { hasherFor: verityHasher });
const findings = async (image: Uint8Array) =>
  (await dissect(image)).findings.map(({ layer, code }) => `${layer}: ${code}`);

describe('images of systemd-repart', () => {
  test.each([
    { name: 'one-block', architecture: 'x86-64', verity: 'signed', blocks: 1 },
    { name: 'unsigned', architecture: 'x86-64', verity: 'yes', blocks: 245 },
    { name: 'large', architecture: 'x86-64', verity: 'signed', blocks: 1100 },
    { name: 'arm64-p384', architecture: 'arm64', verity: 'signed', blocks: 25 },
  ])('$name', async ({ name, architecture, verity, blocks }) => {
    const image = repartFixture(name);
    const dissection = await dissect(image);
    const { tree, rootHash, superblock, signature, dataPartition, hashPartition, data } = dissection;
    expect(dissection.findings).toEqual([]);
    expect(dissection).toMatchObject({ table: 'gpt', size: image.length, sectorSize: 512 });
    expect(dissection.diskGuid).toBe('19f9319b-64fe-405b-96b8-4e5d74363099');
    expect(superblock).toMatchObject({ algorithm: 'sha256', dataBlocks: blocks, hashType: 1 });
    expect(data!.size).toBe(4096 * blocks);
    expect(rootHash).toBe(`${dataPartition!.guid}${hashPartition!.guid}`.replaceAll('-', ''));
    expect(await verifyHashTree(tree!, { rootHash: rootHash! })).toEqual([]);
    expect(signature?.rootHash).toBe(verity === 'signed' ? rootHash : undefined);
    expect(signature?.certificateFingerprint).toBe(
      verity === 'signed'
        ? Buffer.from(sha256(testSigner(name === 'arm64-p384' ? 'ec-p384' : 'rsa').certificate)).toString(
            'hex',
          )
        : undefined,
    );
    expect(describeMounts(dissection)).toMatchObject(
      [
        {
          designator: 'root',
          partition: { architecture, fileSystemType: 'erofs', number: 1 },
          verity,
          writable: false,
        },
        { designator: 'root-verity', partition: { fileSystemType: 'DM_verity_hash' }, verity: undefined },
        { designator: 'root-verity-sig', partition: { fileSystemType: 'verity_hash_signature' } },
      ].slice(0, verity === 'signed' ? 3 : 2),
    );
  });
});

// Up to 4 MiB the parts lie elsewhere, and partitions are larger than what is in them.
test.each([1, 2, 128, 700, 752, 753, 764, 765, 1000])('reads back an image of %d blocks', async (blocks) => {
  for (const signer of [undefined, testSigner('rsa')]) {
    const content = noise(blocks);
    const dissection = await dissect(await buildMemoryImage(content, signer));
    expect(dissection.findings).toEqual([]);
    expect(await verifyHashTree(dissection.tree!, { rootHash: dissection.rootHash! })).toEqual([]);
    expect(dissection.partitions).toHaveLength(signer ? 3 : 2);
    const data = await dissection.data!.read(0, dissection.data!.size);
    expect(Buffer.compare(data, content)).toBe(0);
    expect(() => dissection.data!.read(data.length, 1)).toThrow(RangeError);
  }
});

describe('the root hash', () => {
  const HASHES = ['13'.repeat(16) + '31'.repeat(16), '24'.repeat(16) + '42'.repeat(16)] as const;
  /** Gives the data and the hash partition other GUIDs. */
  function changeGuids(image: Uint8Array, guids: readonly (string | undefined)[]): void {
    changeEntries(Buffer.from(image.buffer), (entries) => {
      guids.forEach((guid, index) => {
        if (guid !== undefined) entries.set(guidBytes(guid), 128 * index + 16);
      });
    });
  }
  const guidsOf = (hash: string) =>
    [hash.slice(0, 32), hash.slice(32)].map((half) =>
      half.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    );
  async function changeSigned(image: Uint8Array, rootHash: string): Promise<void> {
    const { signaturePartition, signature } = await dissect(image);
    const fields = { ...signature!, certificateFingerprint: signature!.certificateFingerprint!, rootHash };
    image.set(writeSignaturePartition(fields), signaturePartition!.offset);
  }
  async function changeTree(image: Uint8Array): Promise<void> {
    image[(await dissect(image)).hashPartition!.offset + 4096]! ^= 1;
  }
  const signedImage = () => buildMemoryImage(noise(9), testSigner('rsa'));

  test('of other GUIDs is blamed on the partition table', async () => {
    for (const guids of [guidsOf(HASHES[0]), [guidsOf(HASHES[0])[0]], [undefined, guidsOf(HASHES[0])[1]]]) {
      const image = await signedImage();
      changeGuids(image, guids);
      expect(await findings(image)).toEqual(['partition-table: root-hash-guid-mismatch']);
    }
  });

  test('of one other GUID without a signature, too', async () => {
    const image = await buildMemoryImage(noise(9), undefined);
    changeGuids(image, [guidsOf(HASHES[0])[0]]);
    expect(await findings(image)).toEqual(['partition-table: root-hash-guid-mismatch']);
  });

  test('of two other GUIDs without a signature is one that the tree does not have', async () => {
    const image = await buildMemoryImage(noise(9), undefined);
    changeGuids(image, guidsOf(HASHES[0]));
    const { rootHash } = await dissect(image);
    expect(rootHash).toBe(HASHES[0]);
    expect(await findings(image)).toEqual(['hash-tree: root-hash-mismatch']);
  });

  test('of another signature is blamed on the signature, and not believed', async () => {
    const image = await signedImage();
    const { rootHash } = await dissect(image);
    await changeSigned(image, HASHES[0]);
    expect(await findings(image)).toEqual(['signature: signature-root-hash-mismatch']);
    expect((await dissect(image)).rootHash).toBe(rootHash);
  });

  test('of another tree is blamed on the tree', async () => {
    const image = await signedImage();
    await changeTree(image);
    expect(await findings(image)).toEqual(['hash-tree: root-hash-mismatch']);
  });

  test('that is three different ones', async () => {
    const image = await signedImage();
    changeGuids(image, guidsOf(HASHES[0]));
    await changeSigned(image, HASHES[1]);
    expect(await findings(image)).toEqual([
      'hash-tree: root-hash-mismatch',
      'partition-table: root-hash-guid-mismatch',
    ]);
    expect((await dissect(image)).rootHash).toBe(HASHES[1]);
  });

  test('of GUIDs and signature, where there is no tree to ask', async () => {
    const image = await signedImage();
    await changeSigned(image, HASHES[0]);
    image[(await dissect(image)).hashPartition!.offset] = 0;
    expect(await findings(image)).toEqual([
      'partition-table: root-hash-guid-mismatch',
      'verity-superblock: verity-superblock-damaged',
    ]);
    expect((await dissect(image)).tree).toBeUndefined();
  });
});

describe('the verity superblock', () => {
  test.each<[string, string, (hash: Buffer) => void]>([
    ['of another version', 'verity-superblock-damaged', (hash) => hash.writeUInt32LE(2, 8)],
    ['of hash type 0', 'verity-hash-unsupported', (hash) => hash.writeUInt32LE(0, 12)],
    ['with SHA-1', 'verity-hash-unsupported', (hash) => hash.fill(0, 32, 64).write('sha1', 32)],
    ['with a longer hash', 'root-hash-mismatch', (hash) => hash.write('sha512', 32)],
    ['with blocks too small', 'root-hash-mismatch', (hash) => hash.writeUInt32LE(512, 68)],
    ['with too many blocks', 'verity-block-count', (hash) => hash.writeUInt32LE(1e9, 72)],
    ['with 2^40 blocks', 'verity-block-count', (hash) => hash.writeBigUInt64LE(2n ** 40n, 72)],
    ['with 2^63 blocks', 'verity-superblock-damaged', (hash) => hash.writeBigUInt64LE(2n ** 63n, 72)],
  ])('%s', async (_, code, change) => {
    const image = await buildMemoryImage(noise(9), undefined);
    const { hashPartition } = await dissect(image);
    change(Buffer.from(image.buffer, hashPartition!.offset, 512));
    expect(await findings(image)).toContain(`verity-superblock: ${code}`);
  });

  test('of a tree that the hash partition has no room for', async () => {
    const image = await buildMemoryImage(noise(1000), undefined);
    const { hashPartition, superblock } = await dissect(image);
    expect(superblock!.dataBlocks).toBe(1000);
    changeEntries(Buffer.from(image.buffer), (entries) => {
      entries.writeBigUInt64LE(BigInt(hashPartition!.offset / 512), 128 + 40);
    });
    expect(await findings(image)).toContain('verity-superblock: verity-block-count');
  });
});

describe('bare file systems', () => {
  test('an EROFS image', async () => {
    const image = repartFixture('large');
    const { data } = await dissect(image);
    const bare = (await data!.read(0, data!.size)).slice();
    const dissection = await dissect(bare);
    expect(dissection).toMatchObject({
      table: 'none',
      diskGuid: undefined,
      imageUuid: '106e7dd5-10c2-4ada-a63d-f45cda5ae330',
      rootHash: undefined,
      findings: [],
      dataPartition: { number: undefined, designator: 'root', fileSystemType: 'erofs', size: bare.length },
    });
    expect(describeMounts(dissection)).toMatchObject([{ verity: undefined, writable: false }]);
  });

  test('a file system beside a partition table is one too many', async () => {
    const image = repartFixture('one-block');
    const bare = Buffer.from(image.subarray(20480, 20480 + 4096));
    // A superblock of SquashFS 4.0 has room in the boot code.
    const superblock = Buffer.alloc(96);
    superblock.write('hsqs');
    superblock.writeUInt16LE(4, 28);
    image.set(superblock, 0);
    expect(await findings(image)).toEqual(['image: image-ambiguous']);
    // Without the signature of the MBR nobody sees the partition table.
    image[510] = 0;
    expect((await dissect(image)).table).toBe('none');
    expect(bare.readUInt32LE(1024)).toBe(0xe0f5e1e2);
  });

  test('neither is refused', async () => {
    for (const size of [0, 100, 512, 100_000]) {
      await expect(dissect(new Uint8Array(size))).rejects.toThrow(ImageError);
    }
  });
});

test('a table of unusual partitions', async () => {
  const table = await readPartitionTable(memorySource(repartFixture('one-block')));
  const generic = '0fc63daf-8483-4772-8e79-3d69d8477de4';
  const types = [generic, '933ac7e1-2eb4-4f13-b844-0e14e2aef915', 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b'];
  const { start, end } = writeGpt({
    diskGuid: table.diskGuid,
    sectors: 1000,
    firstUsableLba: 34,
    lastUsableLba: 966,
    partitions: types.map((typeGuid, index) => ({
      typeGuid,
      guid: `0000000${index}-0000-0000-0000-000000000000`,
      firstLba: 40 + 8 * index,
      lastLba: 47 + 8 * index,
      attributes: [1n << 59n, 1n << 63n, (1n << 63n) | (1n << 60n)][index]!,
      label: '',
    })),
  });
  const image = new Uint8Array(512_000);
  image.set(start, 0);
  image.set(end, image.length - end.length);
  const dissection = await dissect(image);
  expect(dissection.findings).toEqual([]);
  expect(describeMounts(dissection)).toMatchObject([
    { designator: 'root', writable: true, growFileSystem: true, verity: 'no' },
    // Its bit 63 has no meaning there.
    { designator: 'esp', writable: false, growFileSystem: false, verity: undefined },
  ]);
  expect(dissection).toMatchObject({ rootHash: undefined, tree: undefined, data: { size: 4096 } });
});
