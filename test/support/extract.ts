/** A range of bytes of a file. */
export interface Extent {
  readonly offset: number;
  readonly size: number;
}

import { mustRun } from './run-command.ts';

/** Copies a range of a file into a file of its own, for tools that take no offset; zeros become holes. */
export async function extract(file: string, extent: Extent, output: string): Promise<void> {
  await mustRun('dd', [
    `if=${file}`,
    `of=${output}`,
    'bs=1M',
    'iflag=skip_bytes,count_bytes',
    `skip=${extent.offset}`,
    `count=${extent.size}`,
    'conv=sparse',
    'status=none',
  ]);
  // dd leaves the end off when it is a hole.
  await mustRun('truncate', [`--size=${extent.size}`, output]);
}
