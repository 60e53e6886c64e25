import type { ByteString } from '../../base/byte-string.ts';
import { SourceError } from '../error.ts';

/** Attributes of a tree: path as getfattr was given it → name → value. */
export type TreeXattrs = ReadonlyMap<ByteString, ReadonlyMap<ByteString, Uint8Array>>;

/** Attributes that belong to the machine the tree lies on, not to the tree. */
const MACHINE_ATTRIBUTES =
  /^(system\.(nfs4?_|cifs_|richacl)|trusted\.overlay\.(origin|impure|upper|nlink|uuid)$)/;

const PATH_LINE = '# file: ';
/** Characters of a line: the longest value that Linux allows has 64 KiB, two digits each, and a name before it. */
const LINE_MAX = 256 * 1024;
/** Bytes of paths, names and values that are kept: they stay in memory while the tree is read. */
const TOTAL_MAX = 256 * 1024 * 1024;

/**
 * Reads what `getfattr -d -e hex` writes: a block for each file that has attributes, with a line `# file: PATH`, a line
 * `NAME=0xHEX` for each attribute, and an empty line (attr 2.5, getfattr.c). `chunks` are byte strings.
 *
 * Throws a SourceError `too-large` beyond the limits above.
 */
export async function parseGetfattr(
  chunks: AsyncIterable<ByteString> | Iterable<ByteString>,
): Promise<TreeXattrs> {
  const xattrs = new Map<ByteString, Map<ByteString, Uint8Array>>();
  let current = new Map<ByteString, Uint8Array>();
  let total = 0;
  for await (const line of lines(chunks)) {
    total += line.length;
    if (total > TOTAL_MAX) throw tooLarge(`more than ${TOTAL_MAX} bytes of extended attributes`);
    if (line.startsWith(PATH_LINE)) {
      current = new Map();
      xattrs.set(unescapeName(line.slice(PATH_LINE.length)), current);
      continue;
    }
    // An attribute's name may hold the sign too, but then it is escaped.
    const equals = line.indexOf('=');
    const name = unescapeName(equals === -1 ? line : line.slice(0, equals));
    if (name === '' || MACHINE_ATTRIBUTES.test(name)) continue;
    const value = equals === -1 ? '' : line.slice(equals + 1);
    current.set(name, Buffer.from(value.replace(/^0x/, ''), 'hex'));
  }
  return xattrs;
}

async function* lines(
  chunks: AsyncIterable<ByteString> | Iterable<ByteString>,
): AsyncGenerator<ByteString, void, undefined> {
  let rest = '';
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop()!;
    if (rest.length > LINE_MAX) throw tooLarge('an extended attribute beyond what Linux allows');
    yield* parts;
  }
  if (rest !== '') yield rest;
}

/** getfattr writes backslashes, newlines and other bytes that would confuse as `\NNN`, octal. */
function unescapeName(text: string): ByteString {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

function tooLarge(what: string): SourceError {
  return new SourceError('too-large', `the tree has ${what}`, { hint: 'take a smaller part of the tree' });
}
