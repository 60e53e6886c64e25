import { displayName } from '../base/display.ts';
import type { FileSystem, Inode, InodeType } from '../image/file-system.ts';

const TYPE_LETTERS: Readonly<Record<InodeType, string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  'character-device': 'c',
  'block-device': 'b',
  fifo: 'p',
  socket: 's',
};

/** What a line of a listing begins with: type and permissions as `ls -l` writes them, such as `-rwsr-xr-x`. */
export function modeText({ type, mode }: Pick<Inode, 'type' | 'mode'>): string {
  const triple = (shift: number, special: number, letter: string): string => {
    const bits = (mode >> shift) & 7;
    const letters = mode & special ? [letter.toUpperCase(), letter] : ['-', 'x'];
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${letters[bits & 1]}`;
  };
  return `${TYPE_LETTERS[type]}${triple(6, 0o4000, 's')}${triple(3, 0o2000, 's')}${triple(0, 0o1000, 't')}`;
}

/**
 * Lists a file system as `ls -lnR` would list it, a line for each name, with the whole path: mode, links, owner, group,
 * size or device numbers, time (UTC), path and a link's target. Owners are numbers, since names are the host's.
 */
export async function* listFiles<I extends Inode>(fileSystem: FileSystem<I>): AsyncGenerator<string> {
  for await (const { path, inode } of fileSystem.walk()) {
    const isDevice = inode.type === 'character-device' || inode.type === 'block-device';
    const size = isDevice ? `${inode.major}, ${inode.minor}` : String(inode.size);
    const target = inode.type === 'symlink' ? ` -> ${displayName(await fileSystem.linkTarget(inode))}` : '';
    yield [
      modeText(inode),
      String(inode.links).padStart(3),
      String(inode.uid).padStart(5),
      String(inode.gid).padStart(5),
      size.padStart(10),
      timeText(inode.mtime.seconds),
      `/${displayName(path)}${target}`,
    ].join(' ');
  }
}

/** Seconds since 1970 as a date and a time, or the bare number where no calendar reaches. */
function timeText(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return String(seconds).padStart(16);
  return date.toISOString().slice(0, -8).replace('T', ' ').padStart(16);
}
