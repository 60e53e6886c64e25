import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdtemp, readdir, readFile, readlink, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ByteString } from '../../src/base/byte-string.ts';
import type { FileSystem } from '../../src/image/file-system.ts';
import { type Description, describeContent, sha256, sorted } from '../image/erofs/describe.ts';
import { mustRun, runCommand, succeeded } from './run-command.ts';

/** Larger files are read in pieces. */
const PIECE_SIZE = 1 << 20;

/** Why images of a type cannot be mounted here, or undefined if they can. */
export async function whyNoMount(type: FileSystem['type']): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'mounting needs root';
  await runCommand('modprobe', ['-aq', 'loop', type]).catch(() => undefined);
  const { stdout } = await mustRun('cat', ['/proc/filesystems']);
  if (!new RegExp(`\\b${type}$`, 'm').test(stdout)) return `this kernel has no ${type}`;
  if ((await runCommand('losetup', ['--find'])).status !== 0) return 'there is no loop device';
  return undefined;
}

/** Why EROFS images cannot be mounted here, or undefined if they can. */
export const whyNoErofsMount = (): Promise<string | undefined> => whyNoMount('erofs');

/** Mounts an image read-only for as long as `use` takes. */
export async function withMount<T>(
  type: FileSystem['type'],
  image: string,
  use: (mountPoint: string) => Promise<T>,
): Promise<T> {
  const mountPoint = await mkdtemp(join(tmpdir(), `${type}-`));
  try {
    await mustRun('mount', ['-t', type, '-o', 'ro,loop', image, mountPoint]);
    try {
      return await use(mountPoint);
    } finally {
      await mustRun('umount', [mountPoint]);
    }
  } finally {
    await rmdir(mountPoint);
  }
}

/** Mounts an EROFS image read-only for as long as `use` takes. */
export const withErofsMount = <T>(image: string, use: (mountPoint: string) => Promise<T>): Promise<T> =>
  withMount('erofs', image, use);

/** Describes a file tree as the machine's kernel shows it. */
export async function describeDirectory(top: string): Promise<Description[]> {
  const xattrs = await readXattrs(top);
  const found: (Omit<Description, 'sameAs'> & { inode: bigint })[] = [];
  const known = new Map<bigint, { type: string; content: string }>();
  for (const waiting = ['']; waiting.length > 0; ) {
    const path = waiting.pop()!;
    const file = Buffer.from(path === '' ? top : `${top}/${path}`, 'latin1');
    const stat = await lstat(file, { bigint: true });
    const { type, content } = known.get(stat.ino) ?? (await typeAndContent(file, stat));
    known.set(stat.ino, { type, content });
    found.push({
      inode: stat.ino,
      path,
      type,
      mode: Number(stat.mode & 0o7777n),
      owner: `${stat.uid}:${stat.gid}`,
      mtime: `${stat.mtimeNs / 1_000_000_000n}.${stat.mtimeNs % 1_000_000_000n}`,
      links: Number(stat.nlink),
      content,
      xattrs: xattrs.get(path) ?? [],
    });
    if (type !== 'directory') continue;
    for (const name of await readdir(file, { encoding: 'buffer' })) {
      waiting.push(path === '' ? name.toString('latin1') : `${path}/${name.toString('latin1')}`);
    }
  }
  const first = new Map<bigint, ByteString>();
  for (const { inode, path } of found) if (path <= (first.get(inode) ?? path)) first.set(inode, path);
  return sorted(found.map(({ inode, ...rest }) => ({ ...rest, sameAs: first.get(inode)! })));
}

async function typeAndContent(
  file: Buffer,
  stat: Awaited<ReturnType<typeof lstat>> & { rdev: bigint },
): Promise<{ type: string; content: string }> {
  const device = `${(stat.rdev >> 8n) & 0xfffn}:${(stat.rdev & 0xffn) | ((stat.rdev >> 12n) & 0xfff00n)}`;
  if (stat.isDirectory()) return { type: 'directory', content: '' };
  if (stat.isSymbolicLink()) {
    return { type: 'symlink', content: (await readlink(file, { encoding: 'buffer' })).toString('latin1') };
  }
  if (stat.isBlockDevice()) return { type: 'block-device', content: device };
  if (stat.isCharacterDevice()) return { type: 'character-device', content: device };
  if (stat.isFIFO()) return { type: 'fifo', content: '' };
  if (stat.isSocket()) return { type: 'socket', content: '' };
  if (stat.size <= PIECE_SIZE) {
    return { type: 'file', content: describeContent(stat.size, sha256(await readFile(file))) };
  }
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: PIECE_SIZE })) hash.update(piece);
  return { type: 'file', content: describeContent(stat.size, hash.digest('hex')) };
}

/** Extended attributes by path, as getfattr shows them. */
async function readXattrs(top: string): Promise<Map<ByteString, string[]>> {
  const options = ['--recursive', '--physical', '--no-dereference', '--dump', '--match=-', '--encoding=hex'];
  const outcome = await runCommand('getfattr', [...options, '.'], {
    cwd: top,
    encoding: 'latin1',
    env: { LC_ALL: 'C' },
  });
  // A file system may have none at all.
  if (/^(getfattr: .*: Operation not supported\n)+$/.test(outcome.stderr)) return new Map();
  const { stdout } = succeeded(outcome);
  const blocks = stdout.split('\n\n').filter((block) => block !== '');
  return new Map(
    blocks.map((block): [ByteString, string[]] => {
      const [head, ...lines] = block.split('\n');
      const path = unquote(head!.replace('# file: ', ''));
      return [path === '.' ? '' : path.replace(/^\.\//, ''), lines.map((line) => attribute(line)).sort()];
    }),
  );
}

/** `name=0x…` without the 0x; of an empty value getfattr prints the name only. */
function attribute(line: string): string {
  const [, name, value] = /^(.*?)(?:=0x([0-9a-f]*))?$/s.exec(line)!;
  return `${unquote(name!)}=${value ?? ''}`;
}

function unquote(text: string): ByteString {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
