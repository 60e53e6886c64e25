import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Extent } from './extract.ts';
import { mustRun } from './run-command.ts';

/**
 * Everything a file tree holds, as sorted lines that can be compared: for each file its type, mode, owner, size, time in
 * nanoseconds, device number, link target, hard links, content digest, and its extended attributes in hex.
 *
 * Names are byte strings in which line feeds and bytes outside ASCII are escaped.
 */
export type TreeManifest = readonly string[];

// Sizes of directories and the inode numbers themselves belong to the file system, not to the tree, and are left out.
const script = `
set -eu
cd "$1"
shift
for top; do [ -e "$top" ] || continue
  find "$top" -type d -printf 'meta %p %y %#m %U:%G %T@\\0' -o -type l -printf 'meta %p %y %U:%G %T@ -> %l\\0' \\
    -o \\( -type b -o -type c \\) -printf 'meta %p %y %#m %U:%G %T@ ' -exec stat --printf '%t:%T\\0' '{}' ';' \\
    -o -printf 'meta %p %y %#m %U:%G %T@ %s\\0'
  find "$top" -type f -print0 | xargs -0 -r sha256sum -z | sed -z 's/^/content /'
  find "$top" ! -type d -links +1 -printf 'link %i %p\\0'
  printf 'getfattr '
  getfattr --recursive --physical --no-dereference --dump --match=- --encoding=hex "$top"
  printf '\\0'
done
`;

/** The manifest of the named top directories of a tree; those that do not exist are left out. */
export async function treeManifest(tree: string, tops: readonly string[]): Promise<TreeManifest> {
  return parse(await manifestOutput('sh', ['-c', script, 'sh', tree, ...tops]));
}

/** The manifest of an EROFS file system in an image file, as the machine's own kernel sees it through a read-only loop mount. */
export async function erofsManifest(
  image: string,
  extent: Extent,
  tops: readonly string[],
): Promise<TreeManifest> {
  const mountPoint = await mkdtemp(join(tmpdir(), 'erofs-'));
  try {
    const options = `ro,loop,offset=${extent.offset},sizelimit=${extent.size}`;
    const mount = 'mount -t erofs -o "$1" "$2" "$3"; shift 2; ';
    // A private namespace: the mount ends with the shell, whatever happens.
    return parse(
      await manifestOutput('unshare', [
        '--mount',
        'sh',
        '-euc',
        mount + script,
        'sh',
        options,
        image,
        mountPoint,
        ...tops,
      ]),
    );
  } finally {
    await rmdir(mountPoint);
  }
}

async function manifestOutput(program: string, args: readonly string[]): Promise<string> {
  return (await mustRun(program, args, { encoding: 'latin1', env: { LC_ALL: 'C' } })).stdout;
}

/** Splits at NUL, replaces inode numbers by the names that share them, puts attributes of a file in order, sorts. */
function parse(output: string): TreeManifest {
  const lines: string[] = [];
  const linked = new Map<string, string[]>();
  for (const record of output.split('\0')) {
    const link = /^link (\d+) (.*)$/s.exec(record);
    if (link?.[1] !== undefined && link[2] !== undefined) {
      linked.set(link[1], [...(linked.get(link[1]) ?? []), link[2]]);
    } else if (record.startsWith('getfattr ')) {
      lines.push(...attributeLines(record.slice('getfattr '.length)));
    } else if (record !== '') {
      lines.push(record);
    }
  }
  for (const names of linked.values()) lines.push(`same file: ${names.sort().join(' ')}`);
  return lines.map(escapeBytes).sort();
}

/** One line a file from what getfattr prints: blocks of `# file: NAME` and `ATTRIBUTE=VALUE` lines. */
function attributeLines(dump: string): string[] {
  return dump
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const [file, ...attributes] = block.split('\n');
      return `attributes ${file?.replace('# file: ', '')}: ${attributes.sort().join(' ')}`;
    });
}

function escapeBytes(line: string): string {
  return line.replace(/[^\x20-\x7e]/g, (unit) => `\\x${unit.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
