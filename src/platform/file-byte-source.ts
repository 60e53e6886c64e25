import { type FileHandle, readFile } from 'node:fs/promises';
import type { ByteSource, FileRange } from '../image/byte-source.ts';
import { ImageError } from '../image/error.ts';

/** A {@link ByteSource} on an open file or block device, which stays the caller's to close. */
export class FileByteSource implements ByteSource {
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.size = size;
  }

  /** @throws ImageError ('malformed') where it is neither a file nor a block device. */
  static async of(handle: FileHandle): Promise<FileByteSource> {
    const status = await handle.stat();
    if (status.isFile()) return new FileByteSource(handle, status.size);
    if (status.isBlockDevice()) return new FileByteSource(handle, await deviceSize(status.rdev));
    throw new ImageError('malformed', 'the image is neither a file nor a block device');
  }

  get file(): FileRange {
    return { descriptor: this.#handle.fd, offset: 0 };
  }

  /** @throws as {@link readInto}. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    this.#check(offset, length);
    const bytes = Buffer.allocUnsafeSlow(length);
    await this.readInto(offset, bytes);
    return bytes;
  }

  /** @throws ImageError ('malformed') where the file became shorter, RangeError for bytes that it never had. */
  async readInto(offset: number, target: Uint8Array): Promise<void> {
    this.#check(offset, target.length);
    for (let done = 0; done < target.length; ) {
      const { bytesRead } = await this.#handle.read(target, done, target.length - done, offset + done);
      if (bytesRead === 0) {
        throw new ImageError(
          'malformed',
          `the image became shorter than ${this.size} bytes while it was read`,
        );
      }
      done += bytesRead;
    }
  }

  #check(offset: number, length: number): void {
    if (offset >= 0 && length >= 0 && offset + length <= this.size) return;
    throw new RangeError(`bytes ${offset} to ${offset + length} of ${this.size}`);
  }
}

/** Bytes of a block device, which Linux tells in sectors of 512 whatever the device's are. */
async function deviceSize(device: number): Promise<number> {
  const sectors = await readFile(`/sys/dev/block/${major(device)}:${minor(device)}/size`, 'utf8');
  return Number(sectors) * 512;
}

/** Device numbers as the C library packs them (makedev(3)). */
function major(device: number): number {
  return Math.floor(device / 2 ** 8) % 2 ** 12;
}

function minor(device: number): number {
  return (device % 2 ** 8) + Math.floor(device / 2 ** 20) * 2 ** 8;
}
