import { expect, test } from 'vitest';
import { isOlderKernel, kernelVersionText, parseKernelRelease } from '../../src/image/kernel-requirement.ts';
import { decompressors } from '../../src/platform/decompressors.ts';
import { erofsFixture, erofsFixtures } from '../support/erofs-fixtures.ts';
import { directory, openImage, TestImage } from './erofs/build-image.ts';
import { contentOf } from './erofs/compressed-contents.ts';

test.each([
  ['6.12.57+deb13-amd64', '6.12'],
  ['5.4.0', '5.4'],
  ['6.10-rc1', '6.10'],
  ['10.0\n', '10.0'],
  ['6', undefined],
  ['', undefined],
  ['x6.1', undefined],
  ['99999.1', undefined],
])('the release %j is of %s', (release, version) => {
  const parsed = parseKernelRelease(release);
  expect(parsed && kernelVersionText(parsed)).toBe(version);
});

test('versions compare as numbers', () => {
  expect(isOlderKernel([5, 4], [5, 13])).toBe(true);
  expect(isOlderKernel([5, 13], [5, 13])).toBe(false);
  expect(isOlderKernel([6, 1], [5, 13])).toBe(false);
  expect(isOlderKernel([6, 9], [6, 10])).toBe(true);
});

test('images need the kernel that knows all of their features', async () => {
  const text = contentOf('text', 0, 300_000);
  const short = contentOf('text', 0, 3000);
  const lz4 = { method: 'lz4' as const, level: 1, clusterSize: 65_536, tailPacking: false };
  for (const [settings, content, version] of [
    [undefined, text, '5.4'],
    [undefined, new Uint8Array(1 << 20), '5.15'],
    [{ ...lz4, clusterSize: 4096 }, text, '5.4'],
    [lz4, text, '5.13'],
    [{ ...lz4, tailPacking: true }, short, '5.17'],
    [{ ...lz4, method: 'deflate' as const }, text, '6.6'],
    [{ ...lz4, method: 'zstd' as const }, text, '6.10'],
  ] as const) {
    const image = new TestImage(settings);
    await image.finish(directory([['x', await image.file(content)]]));
    expect(kernelVersionText((await image.open()).kernel.version)).toBe(version);
  }
});

test.each(Object.entries(erofsFixtures).filter(([, { compression }]) => compression.includes('zstd')))(
  '%s, an image of mkfs.erofs, does, too',
  async (name) => {
    const { kernel } = await openImage(erofsFixture(name), decompressors);
    expect(kernel).toEqual({ version: [6, 10], reason: 'is compressed with zstd' });
  },
);
