import { strict as assert } from 'node:assert';
import { byteString } from '../../src/base/byte-string.ts';
import { ExtendedHeader } from '../../src/source/tar/extended-header.ts';
import { readPaxRecords } from '../../src/source/tar/pax.ts';
import { pax } from '../../test/source/tar/pack.ts';
import type { Target } from '../engine/target.ts';

/** Pax records; those that are read and written again are the same, and what an entry takes of them is in range. */
export const target: Target = {
  seeds: () =>
    [
      pax([
        ['path', 'a/b'],
        ['linkpath', 'c'],
        ['size', '12'],
        ['uid', '0'],
        ['gid', '4294967294'],
        ['mtime', '-1.25'],
      ]),
      pax([
        ['SCHILY.xattr.security.capability', '\x01\0\0\x02'],
        ['LIBARCHIVE.xattr.user.%41', 'dmFsdWU='],
        ['GNU.sparse.map', '0,1,5,2'],
        ['GNU.sparse.size', '9'],
      ]),
      // The longest list of a map that fits.
    ].map((header) => new Uint8Array(header.subarray(512, header.lastIndexOf('\n') + 1))),
  run(input) {
    const data = byteString(input);
    const records: [string, string][] = [];
    if (readPaxRecords(data, (keyword, value) => void records.push([keyword, value]))) {
      const written = records.map(([keyword, value]) => pax([[keyword, value]]));
      const again: [string, string][] = [];
      for (const header of written) {
        const size = Number.parseInt(header.toString('latin1', 124, 135), 8);
        const text = header.toString('latin1', 512, 512 + size);
        assert(
          readPaxRecords(text, (keyword, value) => void again.push([keyword, value])),
          'written records',
        );
      }
      assert.deepEqual(again, records);
    }
    const header = new ExtendedHeader();
    if (header.takePax(data) !== undefined) return;
    for (const number of [header.size, header.uid, header.gid]) {
      assert(number === undefined || (Number.isSafeInteger(number) && number >= 0), 'a number');
    }
    const { nanoseconds = 0, seconds = 0 } = header.mtime ?? {};
    assert(nanoseconds >= 0 && nanoseconds < 1e9 && Number.isSafeInteger(seconds), 'the time');
    for (const [name, value] of header.xattrs) assert(name !== '' && value.length < 65_536, 'an attribute');
    header.sparse;
  },
};
