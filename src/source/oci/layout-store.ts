import { join } from 'node:path';
import { openPlainArchive } from '../archive/plain-archive.ts';
import { SourceError } from '../error.ts';
import { RandomAccessFile } from '../file-bytes.ts';
import type { ReadOptions } from '../source.ts';
import type { ContentStore } from './content-store.ts';
import { DOCUMENT_MAX } from './documents.ts';

/** An OCI layout (OCI image specification, image-layout.md) as a content store. */
export interface OciLayout {
  readonly description: string;
  readonly store: ContentStore;
  /** The bytes of `index.json`. */
  readonly index: Uint8Array;
  close(): Promise<void>;
}

/** Bytes of one file of a layout, opened. */
interface LayoutFile {
  readonly size: number;
  pieces(options: ReadOptions): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** Opens a layout in a directory. Throws a SourceError where there is none. */
export async function openLayoutDirectory(directory: string): Promise<OciLayout> {
  const open = async (name: string): Promise<LayoutFile> => {
    const file = await RandomAccessFile.open(join(directory, name));
    return {
      size: file.size,
      pieces: (options) => file.pieces(0, file.size, options),
      close: () => file.close(),
    };
  };
  return openLayout(`oci:${directory}`, open, async () => undefined);
}

/** Opens a layout in a tar file, plain or compressed. Throws a SourceError where there is none. */
export async function openLayoutArchive(path: string, signal: AbortSignal | undefined): Promise<OciLayout> {
  const archive = await openPlainArchive(path, signal);
  const open = async (name: string): Promise<LayoutFile> => {
    const member = archive.index.member(name);
    if (member === undefined)
      throw new SourceError('not-found', `${path}: there is no ${name} in the archive`);
    return {
      size: member.size,
      pieces: (options) => archive.file.pieces(member.offset, member.size, options),
      close: async () => undefined,
    };
  };
  try {
    return await openLayout(`oci-archive:${path}`, open, () => archive.close());
  } catch (error) {
    await archive.close();
    throw error;
  }
}

async function openLayout(
  description: string,
  open: (name: string) => Promise<LayoutFile>,
  close: () => Promise<void>,
): Promise<OciLayout> {
  const blobName = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
  const store: ContentStore = {
    readDocument: ({ digest }, signal) => readWhole(open, blobName(digest), signal),
    async *openBlob({ digest }, options) {
      const file = await open(blobName(digest));
      try {
        yield* file.pieces(options);
      } finally {
        await file.close();
      }
    },
  };
  return { description, store, index: await readWhole(open, 'index.json', undefined), close };
}

async function readWhole(
  open: (name: string) => Promise<LayoutFile>,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const file = await open(name);
  try {
    if (file.size > DOCUMENT_MAX)
      throw new SourceError('too-large', `${name} has ${file.size} bytes, which is too many`);
    const pieces: Uint8Array[] = [];
    for await (const piece of file.pieces(signal === undefined ? {} : { signal })) pieces.push(piece);
    return Buffer.concat(pieces);
  } finally {
    await file.close();
  }
}
