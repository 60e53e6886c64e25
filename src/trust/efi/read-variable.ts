import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { escapeControls } from '../../base/display.ts';
import type { Guid } from '../../image/guid.ts';
import { TrustError } from '../error.ts';
import { reason } from '../system-error.ts';
import { SIGNATURE_LISTS_LIMIT } from './signature-list/layout.ts';

/** Bytes before a variable's value: its attributes (Linux Documentation/filesystems/efivarfs.rst). */
const ATTRIBUTES_SIZE = 4;

/**
 * The value of a variable of the firmware as efivarfs shows it, without its attributes; undefined where there is none: no
 * file, or an empty one, which is a variable that somebody is about to make.
 *
 * @param directory Such as /sys/firmware/efi/efivars.
 * @param name Such as `db`.
 * @throws TrustError ('malformed') where it cannot be read, is cut off or is larger than {@link SIGNATURE_LISTS_LIMIT}.
 */
export async function readVariable(
  directory: string,
  name: string,
  vendor: Guid,
): Promise<Uint8Array | undefined> {
  const path = join(directory, `${name}-${vendor}`);
  const refuse = (problem: string, cause?: unknown): never => {
    throw new TrustError('malformed', `variable ${escapeControls(path)}: ${problem}`, { cause });
  };
  const bytes = Buffer.allocUnsafe(ATTRIBUTES_SIZE + SIGNATURE_LISTS_LIMIT);
  let size: number;
  try {
    await using file = await open(path, 'r');
    // One read takes all of it: between two, the firmware might change the variable. The second only shows that it did.
    ({ bytesRead: size } = await file.read(bytes));
    const { bytesRead: more } = size === 0 ? { bytesRead: 0 } : await file.read(Buffer.alloc(1));
    if (more > 0) refuse('it is larger than 1 MiB, or was changed meanwhile');
  } catch (error) {
    if (error instanceof TrustError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return refuse(reason(error), error);
  }
  if (size === 0) return undefined;
  if (size < ATTRIBUTES_SIZE) refuse(`${size} bytes are too few for a variable`);
  return new Uint8Array(bytes.subarray(ATTRIBUTES_SIZE, size));
}
