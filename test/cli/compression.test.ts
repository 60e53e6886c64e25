import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCompression } from '../../src/cli/auroraboot/values.ts';
import { contentOf } from '../image/erofs/compressed-contents.ts';
import { auroraboot } from '../support/auroraboot.ts';
import { succeeded } from '../support/run-command.ts';
import { tarArchive } from '../support/tar-archive.ts';

describe('--compression', () => {
  it('is a method, and a level if need be', () => {
    expect(parseCompression('none', '64K')).toBeUndefined();
    expect(parseCompression('lz4hc', '64K')).toEqual({
      method: 'lz4hc',
      level: 9,
      clusterSize: 65_536,
      tailPacking: false,
    });
    expect(parseCompression('zstd:19', '4k')).toEqual({
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
    expect(() => parseCompression(text, '64K')).toThrow(message);
  });

  it.each(['5K', '64', '128K', '', '65536'])('is refused with --cluster-size %j', (size) => {
    expect(() => parseCompression('zstd', size)).toThrow('is none of: 4K, 8K, 16K, 32K, 64K');
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

  it('says what is wrong with a flag before it does anything', async () => {
    const outcome = await auroraboot(['sysext', '--compression', 'best', 'app', 'tar:/nonexistent']);
    expect(outcome).toMatchObject({ status: 2, stdout: '' });
    expect(outcome.stderr).toContain("--compression 'best' is none of");
  });
});
