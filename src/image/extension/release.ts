import { type ByteString, utf8ByteString } from '../../base/byte-string.ts';
import { decodeUtf8 } from '../../base/display.ts';
import { assignments } from './environment-file.ts';

/** Largest extension-release file that is read, in bytes; real ones have some hundred. */
export const RELEASE_FILE_MAX = 64 * 1024;

/** Fields in the order of the file. */
export type Release = ReadonlyMap<string, string>;

/**
 * The fields of an os-release file (os-release(5)) as systemd reads it: shell-like assignments, of which the last one
 * to a field wins. Returns undefined for what systemd refuses as a whole: a NUL, or a field that is not UTF-8.
 */
export function parseRelease(bytes: ByteString): Release | undefined {
  if (bytes.includes('\0')) return undefined;
  const fields = new Map<string, string>();
  for (const assignment of assignments(bytes)) {
    const key = decodeUtf8(assignment.key);
    const value = decodeUtf8(assignment.value);
    if (key === undefined || value === undefined) return undefined;
    fields.set(key, value);
  }
  return fields;
}

/** The file for some fields: one assignment a line, quoted where a shell would need it. */
export function formatRelease(release: Release): ByteString {
  let text = '';
  for (const [key, value] of release) {
    const quoted = /^[A-Za-z0-9._:+/@-]*$/.test(value) ? value : `"${value.replace(/["$\\`]/g, '\\$&')}"`;
    text += `${key}=${quoted}\n`;
  }
  return utf8ByteString(text);
}
