import { type ByteString, utf8ByteString } from '../../base/byte-string.ts';
import { decodeUtf8 } from '../../base/display.ts';

/** Largest extension-release file that is read, in bytes; real ones have some hundred. */
export const RELEASE_FILE_MAX = 64 * 1024;

/** Fields in the order of the file. */
export type Release = ReadonlyMap<string, string>;

/**
 * The fields of an os-release file (os-release(5)): shell-like assignments, comments, the last of several
 * assignments wins. Returns undefined where the text is none, which systemd would refuse too.
 */
export function parseRelease(bytes: ByteString): Release | undefined {
  const text = decodeUtf8(bytes);
  if (text === undefined || text.includes('\0')) return undefined;
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (/^\s*([#;].*)?$/.test(line)) continue;
    const assignment = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*?)\s*$/s.exec(line);
    if (assignment === null) return undefined;
    const value = unquote(assignment[2]!);
    if (value === undefined) return undefined;
    fields.set(assignment[1]!, value);
  }
  return fields;
}

function unquote(word: string): string | undefined {
  if (word.startsWith("'")) return /^'([^']*)'$/.exec(word)?.[1];
  if (word.startsWith('"')) return /^"((?:[^"\\]|\\.)*)"$/s.exec(word)?.[1]?.replace(/\\(["$\\`])/g, '$1');
  return /["']/.test(word) ? undefined : word.replace(/\\(.)/g, '$1');
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
