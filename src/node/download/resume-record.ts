import * as v from 'valibot';
import type { HostDirectory } from '../host/host.ts';
import type { PartialNames } from './partial-names.ts';

/** What is known of a partial file, for the download that goes on with it. */
export interface ResumeRecord {
  /** As it was asked for, without credentials. */
  readonly uri: string;
  /** The strong entity tag that the server gave (RFC 9110, section 8.8.3). */
  readonly validator: string;
  /** Bytes that the whole has. */
  readonly total: number;
  /** Bytes that are durable; what follows them after a power cut may be anything. */
  readonly durable: number;
}

/** Bytes of a record: URIs are at most as long as an argument of a command, and mostly short. */
const RECORD_MAX = 256 * 1024;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const schema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ uri: v.string(), validator: v.string(), total: count, durable: count }),
);

/** The record of a partial file; undefined where there is none that can be used. */
export function readRecord(directory: HostDirectory, { record }: PartialNames): ResumeRecord | undefined {
  if (directory.status(record)?.kind !== 'file') return undefined;
  using reader = directory.openFile(record);
  if (reader === undefined || reader.status.size > RECORD_MAX) return undefined;
  const bytes = reader.head.read(0, reader.status.size) as Uint8Array;
  const parsed = v.safeParse(schema, Buffer.from(bytes).toString('utf8'));
  return parsed.success ? parsed.output : undefined;
}

/** Writes the record of a partial file. Only root may read it, since a URI can be a secret. */
export async function writeRecord(
  directory: HostDirectory,
  { record, newRecord }: PartialNames,
  content: ResumeRecord,
): Promise<void> {
  directory.unlink(newRecord);
  {
    await using writer = directory.openWriter(newRecord, { existing: false, mode: 0o600 });
    await writer.write(Buffer.from(JSON.stringify(content)));
  }
  directory.rename(newRecord, record);
}
