import { type ByteString, byteString } from '../../base/byte-string.ts';
import { decodeUtf8 } from '../../base/display.ts';
import type { ByteSource } from '../byte-source.ts';
import { GUID_SIZE, uuidText } from '../guid.ts';

/** All superblocks that are looked for end before this. */
const HEAD_SIZE = 128 * 1024;

/** The start of a file or partition, where superblocks are; zeros follow where it is shorter. */
export class SuperblockBytes {
  /** Bytes of the whole file or partition. */
  readonly size: number;
  readonly view: DataView;
  readonly #bytes = new Uint8Array(HEAD_SIZE);

  private constructor(size: number, head: Uint8Array) {
    this.size = size;
    this.#bytes.set(head);
    this.view = new DataView(this.#bytes.buffer);
  }

  static async read(source: ByteSource): Promise<SuperblockBytes> {
    return new SuperblockBytes(source.size, await source.read(0, Math.min(source.size, HEAD_SIZE)));
  }

  /** Whether the bytes at an offset are these. */
  has(magic: ByteString, at: number): boolean {
    return this.string(at, magic.length) === magic;
  }

  string(at: number, length: number): ByteString {
    return byteString(this.#bytes.subarray(at, at + length));
  }

  /** The UUID in the order of RFC 9562 at an offset; undefined if it is all zero. */
  uuid(at: number): string | undefined {
    const bytes = this.#bytes.subarray(at, at + GUID_SIZE);
    return bytes.some((byte) => byte !== 0) ? uuidText(bytes) : undefined;
  }

  /** The label at an offset, up to a NUL, without white space at its ends; undefined if there is none. */
  label(at: number, length: number): string | undefined {
    return cleanLabel(this.string(at, length));
  }
}

/** A label as text, as libblkid's `blkid_probe_set_label` cuts it. */
export function cleanLabel(label: ByteString): string | undefined {
  const cut = label.replace(/\0.*/s, '').replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, '');
  return cut === '' ? undefined : (decodeUtf8(cut) ?? cut);
}
