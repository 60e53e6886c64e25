import { BLOCK_SIZE } from '../../src/image/block-sink.ts';
import { DigestList } from '../../src/image/verity/digest-list.ts';
import { buildHashTree } from '../../src/image/verity/hash-tree.ts';
import { writeVeritySuperblock } from '../../src/image/verity/write-superblock.ts';
import { sha256Blocks } from '../../src/platform/sha256-blocks.ts';

/** A hash partition for some data, in blocks of 4096 bytes, and its root hash. */
export async function hashPartition(
  data: Uint8Array,
  saltSize = 32,
): Promise<{ readonly bytes: Uint8Array; readonly rootHash: Uint8Array }> {
  const salt = new Uint8Array(saltSize).fill(0x5a);
  const leaves = new DigestList();
  leaves.append(await sha256Blocks.hashBlocks(salt, data, BLOCK_SIZE));
  const { rootHash, levels } = await buildHashTree(leaves, sha256Blocks, salt);
  const superblock = new Uint8Array(BLOCK_SIZE);
  superblock.set(
    writeVeritySuperblock({
      uuid: new Uint8Array(16).fill(1),
      hashType: 1,
      algorithm: 'sha256',
      dataBlockSize: BLOCK_SIZE,
      hashBlockSize: BLOCK_SIZE,
      dataBlocks: data.length / BLOCK_SIZE,
      salt,
    }),
  );
  const blocks = levels.flatMap((level) => [...level.blocks()]);
  return { bytes: new Uint8Array(Buffer.concat([superblock, ...blocks])), rootHash };
}
