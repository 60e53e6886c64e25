import { buffer } from 'node:stream/consumers';
import { type Header, pack } from 'tar-stream';

/** An entry of a test archive: a tar-stream header and the content. */
export type ArchiveEntry = Partial<Omit<Header, 'size'>> & {
  readonly name: string;
  readonly content?: string | Uint8Array;
};

/** A tar archive, made by a library that is not ours. */
export async function tarArchive(entries: readonly ArchiveEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content = '', ...header } of entries) {
    archive.entry({ mtime: new Date(1_700_000_000_000), ...header }, Buffer.from(content));
  }
  archive.finalize();
  return buffer(archive);
}
