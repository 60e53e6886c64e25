import { strict as assert } from 'node:assert';
import { byteString } from '../../src/base/byte-string.ts';
import {
  baseNameOf,
  dissectedNameOf,
  extensionNameOf,
  isImageName,
} from '../../src/image/extension/image-name.ts';
import { CONFEXT, SYSEXT } from '../../src/image/extension/kind.ts';
import { mergeOrder } from '../../src/image/extension/merge-order.ts';
import { compareVersions } from '../../src/image/extension/version-compare.ts';
import type { Target } from '../engine/target.ts';
import { texts } from '../seeds/text.ts';

/** The order of three or more names, one a line: that of a sort, whichever way they come. */
export const target: Target = {
  sizeMax: 256,
  seeds: () =>
    texts('a-1.2\na-1.10\na-1.10~rc1', 'v1^2\nV01\nv1.raw', 'x_1.sysext.raw\nx+2.confext.raw\n\né~~1'),
  dictionary: ['~', '-', '^', '.', '0', '00', '\n', 'a', '_'],
  run(input) {
    const names = byteString(input).split('\n').slice(0, 12);
    for (const a of names) {
      assert.equal(compareVersions(a, a), 0, `${a} is not itself`);
      for (const b of names) {
        const order = compareVersions(a, b);
        assert.equal(order + compareVersions(b, a), 0, `${a} and ${b} either way`);
        for (const c of names) {
          // What is not ASCII goes round in a circle behind `~`, as it does in systemd.
          if ([a, b, c].every(isAscii) && order <= 0 && compareVersions(b, c) <= 0) {
            assert(compareVersions(a, c) <= 0, `${JSON.stringify([a, b, c])} go round in a circle`);
          }
        }
      }
      for (const name of [
        extensionNameOf(a, SYSEXT),
        extensionNameOf(a, CONFEXT),
        dissectedNameOf(a),
        baseNameOf(a),
      ]) {
        assert(name === undefined || isImageName(name), `name ${JSON.stringify(name)}`);
      }
    }
    const { order } = mergeOrder(names);
    assert.deepEqual(order.toSorted(), names.toSorted(), 'names were lost');
    assert.deepEqual(mergeOrder(names.toReversed()).order, order, 'the order depends on the order');
  },
};

function isAscii(text: string): boolean {
  return !/[\x80-\xff]/.test(text);
}
