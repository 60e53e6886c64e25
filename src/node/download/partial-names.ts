import type { ByteString } from '../../base/byte-string.ts';
import { HIDDEN } from '../store/layout.ts';

const PART = '.part';
const RECORD = '.part.json';
const NEW_RECORD = '.part.new';
const LOCK = '.part.lock';

/** The names of the files that belong to the download of an image. */
export interface PartialNames {
  /** What has arrived of it. */
  readonly part: ByteString;
  /** What is known of it; see `ResumeRecord`. */
  readonly record: ByteString;
  /** The same while it is written. */
  readonly newRecord: ByteString;
  /** The file whose lock whoever writes the others has. */
  readonly lock: ByteString;
}

/** The names for the download of an image that is to have a name of at most `FILE_NAME_MAX` bytes. */
export function partialNames(fileName: ByteString): PartialNames {
  const base = `${HIDDEN}${fileName}`;
  return {
    part: base + PART,
    record: base + RECORD,
    newRecord: base + NEW_RECORD,
    lock: base + LOCK,
  };
}

/** The image whose download a file belongs to; undefined for another file. */
export function partialImage(name: ByteString): ByteString | undefined {
  if (!name.startsWith(HIDDEN)) return undefined;
  const suffix = [PART, RECORD, NEW_RECORD, LOCK].find((end) => name.endsWith(end));
  return suffix === undefined ? undefined : name.slice(HIDDEN.length, -suffix.length);
}
