import type { Entry } from '../../../src/source/entry.ts';
import { readTar } from '../../../src/source/tar/reader.ts';

/** An entry with its content read; long contents are not kept but counted. */
export type ReadEntry = Omit<Entry, 'content' | 'xattrs'> & {
  readonly text: string;
  readonly xattrs: Readonly<Record<string, string>>;
};

/** Cuts bytes into chunks of some size. */
export async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Reads a whole archive; checks that each content has the size announced. */
export async function readAll(archive: Uint8Array, chunkSize = 1 << 20): Promise<ReadEntry[]> {
  const entries: ReadEntry[] = [];
  for await (const { content, xattrs, ...entry } of readTar(inChunks(archive, chunkSize), 'layer x')) {
    const pieces: Buffer[] = [];
    for await (const piece of content) pieces.push(Buffer.from(piece));
    const bytes = Buffer.concat(pieces);
    if (bytes.length !== entry.size)
      throw new Error(`${entry.path}: ${bytes.length} bytes, not ${entry.size}`);
    const values = [...xattrs].map(([name, value]) => [name, Buffer.from(value).toString('hex')]);
    entries.push({ ...entry, text: bytes.toString('latin1'), xattrs: Object.fromEntries(values) });
  }
  return entries;
}
