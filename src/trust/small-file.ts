import { open } from 'node:fs/promises';
import { TrustError, type TrustErrorCode } from './error.ts';
import { reason } from './system-error.ts';

/** Bytes that a key, certificate or passphrase file may have: far above real ones, far below what would hurt. */
export const SMALL_FILE_LIMIT = 1024 * 1024;

/** The content of a small file. */
export interface SmallFile {
  readonly bytes: Buffer;
  /** Permission bits; undefined where they mean nothing: a pipe, such as a shell's `<(…)`, or Windows. */
  readonly permissions: number | undefined;
}

/**
 * Reads a file or pipe of at most {@link SMALL_FILE_LIMIT} bytes.
 *
 * Throws a TrustError with `code` whose message begins with `what` ("private key ./db.key: …").
 */
export async function readSmallFile(path: string, what: string, code: TrustErrorCode): Promise<SmallFile> {
  try {
    await using file = await open(path, 'r');
    const status = await file.stat();
    const pieces: Buffer[] = [];
    let size = 0;
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * 1024));
      if (bytesRead === 0) break;
      size += bytesRead;
      if (size > SMALL_FILE_LIMIT) {
        throw new TrustError(code, `${what} ${path}: larger than 1 MiB, so it is not what it should be`);
      }
      pieces.push(buffer.subarray(0, bytesRead));
    }
    const meaningful = status.isFile() && process.platform !== 'win32';
    return { bytes: Buffer.concat(pieces), permissions: meaningful ? status.mode & 0o7777 : undefined };
  } catch (error) {
    if (error instanceof TrustError) throw error;
    throw new TrustError(code, `${what} ${path}: ${reason(error)}`, { cause: error });
  }
}
