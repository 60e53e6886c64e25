import type { ByteString } from '../../../src/base/byte-string.ts';
import type { Decompressors } from '../../../src/image/decompressors.ts';
import type { CompressionSettings } from '../../../src/image/erofs/compression-settings.ts';
import { ImmediateCompressor } from '../../../src/image/erofs/immediate-compressor.ts';
import { ErofsReader } from '../../../src/image/erofs/reader.ts';
import type {
  DirectoryNode,
  ErofsNode,
  FileNode,
  InodeAttributes,
  StoredFile,
  Timestamp,
} from '../../../src/image/erofs/tree.ts';
import { type ErofsSummary, ErofsWriter } from '../../../src/image/erofs/writer.ts';
import { MemoryScratch } from '../../../src/image/scratch.ts';
import { compressors } from '../../../src/platform/compressors.ts';
import { decompressors } from '../../../src/platform/decompressors.ts';
import { describeContent, sha256 } from './describe.ts';
import { MemorySink } from './memory-sink.ts';

export const BUILD_TIME: Timestamp = { seconds: 1_700_000_000, nanoseconds: 123_456_789 };
export const UUID = Uint8Array.from({ length: 16 }, (_, index) => index * 16 + 1);

/** Attributes of an inode that needs nothing special, with what is given instead. */
export function attributes(given: Partial<InodeAttributes> = {}): InodeAttributes {
  return { mode: 0o644, uid: 0, gid: 0, mtime: BUILD_TIME, xattrs: new Map(), ...given };
}

/** A directory of the given children. */
export function directory(
  children: Iterable<readonly [ByteString, ErofsNode]> = [],
  given: Partial<InodeAttributes> = {},
): DirectoryNode {
  return { type: 'directory', ...attributes({ mode: 0o755, ...given }), children: new Map(children) };
}

/** An image in memory that is being written. */
export class TestImage {
  readonly sink = new MemorySink();
  /** What the files hold, for `describeTree`. */
  readonly contents = new Map<FileNode, string>();
  readonly #writer: ErofsWriter;

  /** @param settings How files are compressed; undefined: not at all. */
  constructor(settings?: CompressionSettings) {
    this.#writer = new ErofsWriter({
      sink: this.sink,
      scratch: new MemoryScratch(),
      uuid: UUID,
      fingerprint: sha256,
      compression: settings && { settings, compressor: new ImmediateCompressor(settings, compressors) },
    });
  }

  /** Stores a file, its content in one piece. */
  async file(content: Uint8Array | string, given: Partial<InodeAttributes> = {}): Promise<FileNode> {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
    return this.pieces([bytes], bytes, given);
  }

  /** Stores a file whose content comes in pieces. */
  async pieces(
    pieces: Iterable<Uint8Array>,
    whole: Uint8Array,
    given: Partial<InodeAttributes> = {},
  ): Promise<FileNode> {
    const inode = attributes(given);
    const data = await this.store(whole.length, pieces, inode.xattrs);
    const node: FileNode = { type: 'file', ...inode, data };
    this.contents.set(node, describeContent(whole.length, sha256(whole)));
    return node;
  }

  /** Stores content only. */
  async store(
    size: number,
    pieces: Iterable<Uint8Array>,
    xattrs: InodeAttributes['xattrs'] = new Map(),
  ): Promise<StoredFile> {
    return this.#writer.storeFile(size, xattrs, pieces);
  }

  finish(root: DirectoryNode, buildTime = BUILD_TIME): Promise<ErofsSummary> {
    return this.#writer.finish(root, { buildTime });
  }

  /** Opens what was written. */
  open(): Promise<ErofsReader> {
    return openImage(this.sink.bytes(), decompressors);
  }
}

/** Opens an image in memory. */
export function openImage(bytes: Uint8Array, decompressors?: Decompressors): Promise<ErofsReader> {
  const read = (offset: number, length: number): Uint8Array => {
    if (offset < 0 || length < 0 || offset + length > bytes.length)
      throw new Error('read outside the source');
    return bytes.subarray(offset, offset + length);
  };
  return ErofsReader.open({ size: bytes.length, read }, decompressors);
}
