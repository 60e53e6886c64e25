import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openHashTree } from '../../src/image/verity/open-tree.ts';
import { verifyHashTree } from '../../src/image/verity/verify-tree.ts';
import { FileByteSource } from '../../src/platform/file-byte-source.ts';
import { verityHasher } from '../../src/platform/verity-hashers.ts';
import { noise } from '../image/write-test-image.ts';

let directory: string;
let data: string;
let hash: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hash-tree-'));
  [data, hash] = [join(directory, 'data'), join(directory, 'hash')];
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Has veritysetup make a hash tree over `size` bytes; its root hash. */
function format(size: number, options: readonly string[]): string {
  writeFileSync(data, noise(Math.ceil(size / 4096)).subarray(0, size));
  const said = execFileSync('veritysetup', ['format', ...options, data, hash], { encoding: 'utf8' });
  return /^Root hash:\s*(\S+)$/m.exec(said)![1]!;
}

const veritysetupAccepts = (rootHash: string) =>
  spawnSync('veritysetup', ['verify', data, hash, rootHash]).status === 0;

/** What is found; a superblock that cannot be used counts, too. */
async function verify(rootHash: string, quick = false) {
  await using dataFile = await open(data);
  await using hashFile = await open(hash);
  const [dataSource, hashSource] = [await FileByteSource.of(dataFile), await FileByteSource.of(hashFile)];
  const { tree, findings } = await openHashTree(dataSource, hashSource, verityHasher);
  return tree ? await verifyHashTree(tree, { rootHash, quick }) : findings;
}

describe('accepts the trees of veritysetup', () => {
  test.each([
    ['sha256', 4096, 4096, 1],
    ['sha256', 4096, 4096, 129],
    ['sha256', 512, 4096, 40_000],
    ['sha256', 4096, 512, 3000],
    ['sha256', 1024, 1024, 1025],
    ['sha384', 4096, 4096, 700],
    ['sha384', 4096, 1024, 700],
    ['sha512', 4096, 4096, 4097],
    ['sha512', 512, 512, 513],
    ['sha512', 4096, 4096, 1],
  ])(
    'with %s over blocks of %d bytes, in blocks of %d, %d of them',
    async (algorithm, dataSize, hashSize, blocks) => {
      const sizes = [`--data-block-size=${dataSize}`, `--hash-block-size=${hashSize}`];
      for (const salt of ['-', 'c0ffee', '5a'.repeat(256)]) {
        const rootHash = format(blocks * dataSize, [`--hash=${algorithm}`, ...sizes, `--salt=${salt}`]);
        expect(await verify(rootHash)).toEqual([]);
        expect(await verify(rootHash, true)).toEqual([]);
      }
    },
  );
});

test.each([
  ['hash type 0', '--format=0'],
  ['the hash sha1', '--hash=sha1'],
])('says that it does not support %s', async (what, option) => {
  const rootHash = format(10 * 4096, [option]);
  expect(await verify(rootHash)).toMatchObject([
    { code: 'verity-hash-unsupported', message: `verity superblock: ${what} is not supported` },
  ]);
});

/**
 * Where veritysetup is less strict: behind the NUL that ends the name of the hash, and in the number of data blocks, of
 * which it does not see that it is less than what the tree was made for.
 */
const isIgnored = (offset: number) =>
  (offset > 32 + 'sha512'.length && offset < 64) || (offset >= 72 && offset < 80);

test('agrees with veritysetup on changed bytes of data, tree and superblock', async () => {
  const rootHash = format(300 * 4096, ['--hash=sha512']);
  const files = [
    { path: data, bytes: readFileSync(data) },
    { path: hash, bytes: readFileSync(hash) },
  ];
  const place = fc.oneof(
    { weight: 1, arbitrary: fc.record({ file: fc.constant(0), offset: fc.nat(300 * 4096 - 1) }) },
    { weight: 2, arbitrary: fc.record({ file: fc.constant(1), offset: fc.nat(files[1]!.bytes.length - 1) }) },
    { weight: 3, arbitrary: fc.record({ file: fc.constant(1), offset: fc.nat(511) }) },
  );
  await fc.assert(
    fc.asyncProperty(place, fc.constantFrom(0x01, 0x80, 0xff), async ({ file, offset }, mask) => {
      const { path, bytes } = files[file]!;
      const changed = Buffer.from(bytes);
      changed[offset]! ^= mask;
      writeFileSync(path, changed);
      const accepted = (await verify(rootHash)).length === 0;
      const expected = veritysetupAccepts(rootHash);
      writeFileSync(path, bytes);
      if (file === 1 && isIgnored(offset)) expect(accepted).toBe(false);
      else expect(accepted, `byte ${offset} of file ${file} by ${mask}`).toBe(expected);
    }),
    { numRuns: 150 },
  );
});
