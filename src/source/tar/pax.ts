import type { ByteString } from '../../base/byte-string.ts';

/** The records of an extended header: keyword → value, both bytes. */
export type PaxRecords = ReadonlyMap<ByteString, ByteString>;

/**
 * Reads the records `LENGTH KEYWORD=VALUE\n` of an extended header (POSIX.1-2017, "pax Extended Header"). The length
 * counts bytes, so a value may hold any, newlines and NULs too. Returns undefined where the header breaks these rules.
 *
 * GNU's first sparse formats repeat keywords; `onRecord` sees every record in order.
 */
export function readPaxRecords(
  data: ByteString,
  onRecord: (keyword: ByteString, value: ByteString) => void,
): boolean {
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(' ', at);
    if (space === -1 || space - at > 10) return false;
    const digits = data.slice(at, space);
    if (!/^[1-9]\d*$/.test(digits)) return false;
    const end = at + Number(digits);
    const equals = data.indexOf('=', space);
    if (end > data.length || data[end - 1] !== '\n' || equals === -1 || equals >= end - 1) return false;
    onRecord(data.slice(space + 1, equals), data.slice(equals + 1, end - 1));
    at = end;
  }
  return true;
}

/** A decimal number of a record; undefined if it is none or beyond 2^53 − 1. */
export function paxInteger(value: ByteString): number | undefined {
  if (!/^\d{1,16}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** A time of a record: seconds with an optional fraction, cut to nanoseconds. */
export function paxTime(value: ByteString): { seconds: number; nanoseconds: number } | undefined {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(value);
  if (match === null) return undefined;
  const whole = Number(match[2]);
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] === '') return { seconds: whole, nanoseconds };
  // Before 1970 the fraction counts forward from the second before.
  return nanoseconds === 0
    ? { seconds: whole === 0 ? 0 : -whole, nanoseconds }
    : { seconds: -whole - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

const SCHILY_PREFIX = 'SCHILY.xattr.';
const LIBARCHIVE_PREFIX = 'LIBARCHIVE.xattr.';

/**
 * The extended attribute that a record holds, if it holds one: star's and GNU tar's form with the bare bytes, or
 * libarchive's with the name URL-encoded and the value in base64.
 */
export function paxXattr(
  keyword: ByteString,
  value: ByteString,
): [name: ByteString, value: ByteString] | undefined {
  if (keyword.startsWith(SCHILY_PREFIX)) return [keyword.slice(SCHILY_PREFIX.length), value];
  if (!keyword.startsWith(LIBARCHIVE_PREFIX)) return undefined;
  const name = keyword
    .slice(LIBARCHIVE_PREFIX.length)
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return [name, Buffer.from(value, 'base64').toString('latin1')];
}
