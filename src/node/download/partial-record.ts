import * as v from 'valibot';
import type { ByteString } from '../../base/byte-string.ts';
import type { HostDirectory } from '../host/host.ts';

/** What a download was, so that it can go on after an interruption. */
export interface PartialRecord {
  readonly uri: string;
  /** The strong validator of the server's file (RFC 9110, section 8.8.1): another file has another. */
  readonly validator: string;
  /** Bytes of the whole. */
  readonly total: number;
}

const RECORD_MAX = 64 * 1024;

const record = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    uri: v.string(),
    validator: v.string(),
    total: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  }),
);

/**
 * The first line of a record's file. Every other line is the number of bytes that were durable when it was written; lines
 * are only ever added, so that a power cut cannot take more than the last one.
 */
export function recordLine(content: PartialRecord): Uint8Array {
  return Buffer.from(`${JSON.stringify(content)}\n`);
}

/** Reads a record, and how many bytes are durable of what it is about; undefined where it is none. */
export function readRecord(
  directory: HostDirectory,
  name: ByteString,
): { readonly record: PartialRecord; readonly durable: number } | undefined {
  using reader = directory.openFile(name);
  if (reader === undefined || reader.status.size > RECORD_MAX) return undefined;
  const text = Buffer.from(reader.head.read(0, reader.status.size) as Uint8Array).toString('utf8');
  // What follows the last line break was cut off.
  const [first, ...counts] = text.split('\n').slice(0, -1);
  const parsed = v.safeParse(record, first);
  const last = counts.at(-1) ?? '0';
  return parsed.success && /^\d{1,15}$/.test(last)
    ? { record: parsed.output, durable: Number(last) }
    : undefined;
}
