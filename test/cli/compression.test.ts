import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCompression } from '../../src/cli/auroraboot/values.ts';
import { isOlderKernel, parseKernelRelease } from '../../src/image/kernel-requirement.ts';
import { contentOf } from '../image/erofs/compressed-contents.ts';
import { auroraboot } from '../support/auroraboot.ts';
import { succeeded } from '../support/run-command.ts';
import { tarArchive } from '../support/tar-archive.ts';

describe('--compression', () => {
  it('is a method, and a level if need be', () => {
    expect(parseCompression({ compression: 'none' })).toBeUndefined();
    expect(parseCompression({ compression: 'lz4hc' })).toEqual({
      method: 'lz4hc',
      level: 9,
      clusterSize: 65_536,
      tailPacking: false,
    });
    expect(parseCompression({ compression: 'zstd:19', clusterSize: '4k' })).toEqual({
      method: 'zstd',
      level: 19,
      clusterSize: 4096,
      tailPacking: true,
    });
  });

  it.each([
    ['gzip', "--compression 'gzip' is none of: none, lz4, lz4hc, deflate, zstd"],
    ['none:1', "--compression 'none:1' is none of"],
    ['zstd:23', 'zstd has levels from 1 to 22'],
    ['zstd:0', 'zstd has levels from 1 to 22'],
    ['zstd:', 'zstd has levels from 1 to 22'],
    ['zstd:-1', 'zstd has levels from 1 to 22'],
    ['zstd:1:2', "'zstd:1:2' is none of"],
    ['lz4:2', 'lz4 has level 1 only'],
  ])('%s is refused', (text, message) => {
    expect(() => parseCompression({ compression: text })).toThrow(message);
  });

  it.each(['5K', '64', '128K', '', '65536'])('is refused with --cluster-size %j', (size) => {
    expect(() => parseCompression({ compression: 'zstd', clusterSize: size })).toThrow(
      'is none of: 4K, 8K, 16K, 32K, 64K',
    );
  });
});

describe('--kernel', () => {
  it.each([
    ['5.4.0-generic', { method: 'lz4hc', clusterSize: 4096, tailPacking: false }],
    ['5.13', { method: 'lz4hc', clusterSize: 65_536, tailPacking: false }],
    ['6.1.0-42-amd64', { method: 'lz4hc', clusterSize: 65_536, tailPacking: true }],
    ['6.6', { method: 'deflate', clusterSize: 65_536, tailPacking: true }],
    ['6.10', { method: 'zstd', clusterSize: 65_536, tailPacking: true }],
    ['7.0', { method: 'zstd', clusterSize: 65_536, tailPacking: true }],
  ])('%s decides what is best', (kernel, settings) => {
    expect(parseCompression({ kernel })).toMatchObject(settings);
  });

  it('leaves what is said otherwise', () => {
    expect(parseCompression({ kernel: '6.12', compression: 'lz4', clusterSize: '16K' })).toEqual({
      method: 'lz4',
      level: 1,
      clusterSize: 16_384,
      tailPacking: true,
    });
    expect(parseCompression({ kernel: '5.15', compression: 'none' })).toBeUndefined();
  });

  it.each([
    [{ kernel: '6.1', compression: 'zstd' }, /--kernel 6\.1 does not read zstd .* Linux 6\.10 or later/],
    [{ kernel: '6.9', compression: 'zstd:19' }, /Linux 6\.10 or later/],
    [{ kernel: '6.5', compression: 'deflate' }, /Linux 6\.6 or later/],
    [{ kernel: '5.10', clusterSize: '64K' }, /lz4hc in clusters of 64K, which take Linux 5\.13 or later/],
    [{ kernel: '5.10', compression: 'none' }, /files with holes, which take Linux 5\.15 or later/],
    [{ kernel: '4.19' }, /--kernel 4\.19 reads no EROFS, which takes Linux 5\.4 or later/],
    [{ kernel: 'bookworm' }, /--kernel 'bookworm' is no version of Linux/],
    [{ kernel: '' }, /--kernel '' is no version of Linux/],
  ])('%j is refused', (flags, message) => {
    expect(() => parseCompression(flags)).toThrow(message);
  });
});

describe('auroraboot sysext', () => {
  let directory: string;
  let source: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'compression-'));
    const content = contentOf('program', 1 << 20, 3 << 20);
    writeFileSync(join(directory, 'layer.tar'), await tarArchive([{ name: 'usr/bin/tool', content }]));
    source = `tar:${join(directory, 'layer.tar')}`;
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  async function build(...flags: string[]): Promise<string> {
    const outcome = await auroraboot(['sysext', '--quiet', '--output', directory, ...flags, 'app', source]);
    return succeeded(outcome).stdout.trim();
  }

  it('makes smaller images that are verified, and tells how they are compressed', async () => {
    const sizes: number[] = [];
    for (const [method, shown, kernel] of [
      ['none', 'no', '5.4'],
      ['lz4', 'lz4', '5.13'],
      ['lz4hc:4', 'lz4', '5.13'],
      ['deflate:1', 'deflate', '6.6'],
      ['zstd', 'zstd', '6.10'],
    ] as const) {
      const image = await build('--compression', method);
      sizes.push(statSync(image).size);
      expect((await auroraboot(['verify', image])).status).toBe(0);
      const { stdout } = succeeded(await auroraboot(['inspect', image]));
      expect(stdout).toContain(`Compressed: ${shown}\n    Kernel: Linux ${kernel} or later, as it `);
    }
    expect(sizes).toEqual([...sizes].sort((one, other) => other - one));
    expect(sizes.at(-1)).toBeLessThan(0.5 * sizes[0]!);
  });

  it.each(['5.4', '5.13', '6.1', '6.6', '6.12'])(
    '--kernel %s makes an image that it reads',
    async (kernel) => {
      const image = await build('--kernel', kernel);
      const { fileSystem } = JSON.parse(succeeded(await auroraboot(['inspect', '--json', image])).stdout);
      const [needed, given] = [fileSystem.kernel.version as string, kernel].map(parseKernelRelease);
      expect(isOlderKernel(given!, needed!)).toBe(false);
      expect((await auroraboot(['verify', image])).status).toBe(0);
    },
  );

  it('says what is wrong with a flag before it does anything', async () => {
    const outcome = await auroraboot(['sysext', '--compression', 'best', 'app', 'tar:/nonexistent']);
    expect(outcome).toMatchObject({ status: 2, stdout: '' });
    expect(outcome.stderr).toContain("--compression 'best' is none of");
  });
});
