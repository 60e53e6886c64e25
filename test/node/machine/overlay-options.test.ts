import { expect, test } from 'vitest';
import { OVERLAY_OPTIONS_MAX, overlayOptionsLength } from '../../../src/node/machine/overlay-options.ts';

/** How systemd writes the layers of the names (src/sysext/sysext.c, mount_overlayfs; src/basic/escape.c, shell_escape). */
const layers = (names: readonly string[], hierarchy: string): string =>
  names
    .map((name) => `:/run/systemd/sysext/extensions/${name}/${hierarchy}`.replace(/[\\,]|(?!^):/g, '\\$&'))
    .join('');

test.each([
  [['k3s'], 'usr'],
  [['a', 'b_1', 'c'.repeat(200)], 'usr/local/share'],
  [['a:b', 'c,d', 'e\\f', ':'.repeat(100)], 'opt'],
])('each name costs its layer: %j over /%s', (names, hierarchy) => {
  const cost = overlayOptionsLength(names, `/${hierarchy}`) - overlayOptionsLength([], `/${hierarchy}`);
  expect(cost).toBe(layers(names, hierarchy).length);
});

test('80 extensions with names of ten letters fit, and 90 do not', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `ext-name-${index % 10}`);
  expect(overlayOptionsLength(names(80), '/usr')).toBeLessThan(OVERLAY_OPTIONS_MAX);
  expect(overlayOptionsLength(names(90), '/usr')).toBeGreaterThan(OVERLAY_OPTIONS_MAX);
});
