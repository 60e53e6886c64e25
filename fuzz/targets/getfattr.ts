import { strict as assert } from 'node:assert';
import { byteString } from '../../src/base/byte-string.ts';
import { parseGetfattr } from '../../src/source/directory/getfattr-output.ts';
import type { Target } from '../engine/target.ts';
import { texts } from '../seeds/text.ts';

/** What getfattr writes about a tree whose names may be hostile; it reads the same in whatever pieces it comes. */
export const target: Target = {
  sizeMax: 8 * 1024,
  seeds: () =>
    texts(
      '# file: a\nuser.x=0x0102\nsecurity.capability=0x\n\n# file: b\\012c\nuser.\\075y=0xff\ntrusted.overlay.origin=0x\n\n',
    ),
  async run(input) {
    const text = byteString(input);
    const middle = text.length >> 1;
    const whole = await parseGetfattr([text]);
    assert.deepEqual(await parseGetfattr([text.slice(0, middle), text.slice(middle)]), whole);
  },
};
