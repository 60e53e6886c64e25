import { strict as assert } from 'node:assert';
import { type Member, TarIndex } from '../../src/source/archive/tar-index.ts';
import type { RandomAccessFile } from '../../src/source/file-bytes.ts';
import type { Target } from '../engine/target.ts';
import { tarArchives } from '../seeds/archives.ts';
import { repairTarHeaders } from '../seeds/repair-tar.ts';

const NAMES = ['usr/file', 'usr/link', 'usr/hard', 'big', 'short', 'n', 'sparse', 'null'];

/** The index of an archive of images; members lie within it. */
export const target: Target = {
  seeds: tarArchives,
  async run(input) {
    const index = await TarIndex.read(fileOf(input), 'x', undefined);
    for (const name of NAMES) {
      const member: Member | undefined = index.member(name);
      if (member === undefined) continue;
      assert(member.offset >= 0 && member.size >= 0 && member.offset + member.size <= input.length, name);
    }
  },
  repair: repairTarHeaders,
};

/** What the index needs of a file, in memory. */
function fileOf(bytes: Uint8Array): RandomAccessFile {
  const file: Pick<RandomAccessFile, 'size' | 'read'> = {
    size: bytes.length,
    async read(offset, length) {
      assert(offset >= 0 && length >= 0, `read ${length} at ${offset}`);
      return bytes.subarray(offset, offset + length);
    },
  };
  return file as RandomAccessFile;
}
