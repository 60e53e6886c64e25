import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keepsReleaseName, keptApartNames } from '../../src/boot/kept-apart-name.ts';
import { baseNameOf, extensionNameOf } from '../../src/image/extension/image-name.ts';
import { CONFEXT, SYSEXT } from '../../src/image/extension/kind.ts';
import { imageFileNameProblem } from '../../src/node/store/image-file-name.ts';

const digest = createHash('sha256').update('x').digest('hex');

test('the first digits of the content stand behind the name', () => {
  expect(keptApartNames('k3s.sysext.raw', SYSEXT, digest)).toEqual([
    'k3s_2d711642.sysext.raw',
    'k3s_2d711642b726b044.sysext.raw',
    'k3s_2d711642b726b04401627ca9fbac32f5.sysext.raw',
    `k3s_${digest}.sysext.raw`,
  ]);
  expect(keptApartNames('dns.confext.raw', CONFEXT, digest)[0]).toBe('dns_2d711642.confext.raw');
});

test('they are names of images, whatever the name was, and systemd finds the release file by them', () => {
  const names = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9.+_~-]{0,220}$/).map((name) => `${name}.sysext.raw`);
  fc.assert(
    fc.property(names, (name) => {
      const kept = keptApartNames(name, SYSEXT, digest);
      expect(new Set(kept).size).toBe(4);
      for (const one of kept) expect(imageFileNameProblem(one, SYSEXT)).toBeUndefined();
      const extension = extensionNameOf(name, SYSEXT)!;
      if (!keepsReleaseName(name, SYSEXT) || name.length > 160) return;
      for (const one of kept) expect(baseNameOf(extensionNameOf(one, SYSEXT)!)).toBe(extension);
    }),
  );
});
