import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TestKey, testSigner } from '../image/test-signer.ts';
import { noise, writeTestImage } from '../image/write-test-image.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'image-tools-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd: directory, encoding: 'utf8', stdio: 'pipe' });

// Either side of the size from which the first partition is aligned to 1 MiB.
describe.each([1, 751, 752, 5000])('an image of %d blocks', (blocks) => {
  test('has a partition table that sfdisk reads and finds no fault with', async () => {
    const path = join(directory, 'image');
    const summary = await writeTestImage(path, noise(blocks), testSigner('rsa'));
    expect(run('sfdisk', '--verify', path)).toContain('No errors detected');
    const { partitiontable: table } = JSON.parse(run('sfdisk', '--json', path));
    expect(table.id.toLowerCase()).toBe(summary.diskGuid);
    expect(table.lastlba).toBe(summary.fileSize / 512 - 34);
    expect(
      table.partitions.map((partition: Record<string, string>) => ({
        start: partition.start,
        size: partition.size,
        type: partition.type?.toLowerCase(),
        uuid: partition.uuid?.toLowerCase(),
        name: partition.name,
        attrs: partition.attrs ?? '',
      })),
    ).toEqual(
      summary.partitions.map(({ firstLba, lastLba, typeGuid, guid, label, attributes }) => ({
        start: firstLba,
        size: lastLba - firstLba + 1,
        type: typeGuid,
        uuid: guid,
        name: label,
        attrs: attributes === 0n ? '' : 'GUID:60',
      })),
    );
  });
});

describe.each<TestKey>(['rsa', 'ec-p256', 'ec-p384'])('the signature of %s', (name) => {
  const certificate = fileURLToPath(new URL(`../fixtures/signature/${name}.crt`, import.meta.url));

  test('is accepted by openssl for the root hash and for nothing else', async () => {
    const path = join(directory, 'image');
    const summary = await writeTestImage(path, noise(2), testSigner(name));
    const start = 512 * summary.partitions[2]!.firstLba;
    const partition = readFileSync(path).subarray(start, start + 16384);
    const json = JSON.parse(partition.toString('latin1', 0, partition.indexOf(0)));
    const fingerprint = run('openssl', 'x509', '-in', certificate, '-noout', '-fingerprint', '-sha256');
    expect(fingerprint.trim().split('=')[1]?.replaceAll(':', '').toLowerCase()).toBe(
      json.certificateFingerprint,
    );
    expect(json.certificateFingerprint).toBe(summary.certificateFingerprint);
    expect(json.rootHash).toBe(summary.rootHash);
    writeFileSync(join(directory, 'signature.p7s'), Buffer.from(json.signature, 'base64'));

    for (const command of ['cms', 'smime']) {
      const verify = (content: string) => {
        writeFileSync(join(directory, 'content'), content);
        const input = ['-inform', 'DER', '-in', 'signature.p7s', '-content', 'content'];
        // As systemd does: only certificates given, no chain.
        run(
          'openssl',
          command,
          '-verify',
          '-binary',
          ...input,
          '-nointern',
          '-noverify',
          '-certfile',
          certificate,
        );
      };
      verify(summary.rootHash);
      expect(() => verify(`${summary.rootHash}\n`)).toThrow();
      expect(() => verify('0'.repeat(64))).toThrow();
    }
  });
});
