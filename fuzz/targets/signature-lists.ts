import { strict as assert } from 'node:assert';
import { readSignatureLists } from '../../src/trust/efi/signature-list/read.ts';
import { writeSignatureLists } from '../../src/trust/efi/signature-list/write.ts';
import type { Target } from '../engine/target.ts';
import { fixtures } from '../seeds/fixtures.ts';

/** EFI signature lists; those that are read and written again are the same bytes. */
export const target: Target = {
  sizeMax: 8 * 1024,
  seeds: () => fixtures('test/trust/fixtures', '.esl'),
  run(input) {
    const lists = readSignatureLists(input, 'x');
    assert.deepEqual(writeSignatureLists(lists), input);
  },
};
