import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DdiSummary } from '../../src/image/ddi.ts';
import { uuidText } from '../../src/image/guid.ts';
import { readVeritySuperblock } from '../../src/image/verity/read-superblock.ts';
import { noise, writeTestImage } from '../image/write-test-image.ts';

let directory: string;
let place: { readonly data: string; readonly hash: string; readonly image: string };
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'verity-'));
  const path = (name: string) => join(directory, name);
  place = { data: path('data'), hash: path('hash'), image: path('image') };
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A partition's bytes. */
function partition({ partitions }: DdiSummary, index: number): Buffer {
  const { firstLba, lastLba } = partitions[index]!;
  return readFileSync(place.image).subarray(512 * firstLba, 512 * (lastLba + 1));
}

test.each([1, 2, 128, 129, 1000, 128 * 128 + 1])(
  'writes the hash partition of veritysetup over %d blocks',
  async (blocks) => {
    writeFileSync(place.data, noise(blocks));
    const summary = await writeTestImage(place.image, noise(blocks), undefined);
    const written = partition(summary, 1);
    const { salt, uuid } = readVeritySuperblock(written);
    const options = ['--salt', Buffer.from(salt).toString('hex'), '--uuid', uuidText(uuid)];
    const said = execFileSync('veritysetup', ['format', ...options, place.data, place.hash], {
      encoding: 'utf8',
    });
    expect(/^Root hash:\s*(\S+)$/m.exec(said)?.[1]).toBe(summary.rootHash);
    // The partition may be larger than what is in it.
    const expected = readFileSync(place.hash);
    expect(Buffer.compare(written.subarray(0, expected.length), expected)).toBe(0);
    expect(written.subarray(expected.length).every((byte) => byte === 0)).toBe(true);
  },
);

test('veritysetup accepts an image, and not with one byte changed', async () => {
  const summary = await writeTestImage(place.image, noise(300), undefined);
  const data = partition(summary, 0);
  writeFileSync(place.data, data);
  writeFileSync(place.hash, partition(summary, 1));
  const verify = () =>
    execFileSync('veritysetup', ['verify', place.data, place.hash, summary.rootHash], { stdio: 'pipe' });
  verify();
  data.writeUInt8(data.readUInt8(200 * 4096) ^ 1, 200 * 4096);
  writeFileSync(place.data, data);
  expect(verify).toThrow(/Verification failed/i);
});
