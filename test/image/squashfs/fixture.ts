import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { ByteSource } from '../../../src/image/byte-source.ts';
import { SquashfsReader } from '../../../src/image/squashfs/reader.ts';
import { decompressors } from '../../../src/platform/decompressors.ts';

/** An image of fixtures/, unpacked. */
export function fixture(name: string): Uint8Array {
  return new Uint8Array(gunzipSync(readFileSync(new URL(`fixtures/${name}.squashfs.gz`, import.meta.url))));
}

/** Opens an image in memory; a read outside it is an error that no test expects. */
export function openImage(bytes: Uint8Array): Promise<SquashfsReader> {
  const source: ByteSource = {
    size: bytes.length,
    read: (offset, length) => {
      if (offset < 0 || length < 0 || offset + length > bytes.length) {
        throw new Error(`read ${length} bytes at ${offset} of ${bytes.length}`);
      }
      return bytes.subarray(offset, offset + length);
    },
  };
  return SquashfsReader.open(source, decompressors);
}

/** Reads everything in a file system; of files up to `limit` bytes the content, too. */
export async function readAll(reader: SquashfsReader, limit = 1 << 20): Promise<void> {
  for await (const { inode } of reader.walk()) {
    await reader.xattrs(inode);
    if (inode.type === 'symlink') await reader.linkTarget(inode);
    if (inode.type === 'file' && inode.size <= limit) await reader.readFile(inode, limit);
  }
}
