import fs, { constants } from 'node:fs';
import { type ByteString, bytesOf } from '../../base/byte-string.ts';
import { displayName } from '../../base/display.ts';
import { NodeError } from '../error.ts';
import type { EntryKind, EntryStatus, HostDirectory, HostReader, HostWriter } from './host.ts';
import { FileReader, FileWriter, READ_FLAGS } from './open-file.ts';
import { errorCode, systemError } from './system-error.ts';

const DIRECTORY_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const DIRECTORY_MODE = 0o755;
/** Bytes of a name: NAME_MAX of Linux. */
const NAME_MAX = 255;
/** What flock(1) is told to answer where another process has the lock. */
const LOCK_CONFLICT = 75;
const LOCK_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Tells whether a link leads to something, following it within the root. */
export type Resolves = (directory: ByteString, target: ByteString) => boolean;

/**
 * An open directory. Its entries are reached through the descriptor (proc_pid_fd(5)), which does for Node what openat(2)
 * and its kin do in C: nobody can exchange the directory for a link meanwhile.
 */
export class OpenDirectory implements HostDirectory {
  readonly path: ByteString;
  readonly device: number;
  readonly #descriptor: number;
  readonly #resolves: Resolves;

  private constructor(path: ByteString, descriptor: number, resolves: Resolves) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#resolves = resolves;
    this.device = fs.fstatSync(descriptor).dev;
  }

  /**
   * Opens a directory by a path whose last component is no link. Throws the errors of the system.
   *
   * @param location Where it is to this process.
   * @param path Where it is to the machine.
   */
  static open(location: Uint8Array, path: ByteString, resolves: Resolves): OpenDirectory {
    return new OpenDirectory(path, fs.openSync(Buffer.from(location), DIRECTORY_FLAGS), resolves);
  }

  fileSystem(): number {
    return this.#attempt('look at', '', () => fs.statfsSync(`/proc/self/fd/${this.#descriptor}`).type);
  }

  list(): ByteString[] {
    const names: ByteString[] = this.#attempt('read', '', () =>
      fs.readdirSync(`/proc/self/fd/${this.#descriptor}`, { encoding: 'latin1' }),
    );
    return names.sort();
  }

  status(name: ByteString): EntryStatus | undefined {
    return this.#unlessMissing('look at', name, (location) => statusOf(fs.lstatSync(location)));
  }

  readLink(name: ByteString): ByteString | undefined {
    return this.#unlessMissing('read the link', name, (location) =>
      fs.readlinkSync(location, { encoding: 'latin1' }),
    );
  }

  resolves(name: ByteString): boolean {
    const target = this.readLink(name);
    return target !== undefined && this.#resolves(this.path, target);
  }

  openFile(name: ByteString): HostReader | undefined {
    return this.#unlessMissing('read', name, (location) => {
      const descriptor = fs.openSync(location, READ_FLAGS);
      try {
        const status = statusOf(fs.fstatSync(descriptor));
        if (status.kind !== 'file') throw this.#unsafe(name, 'it is no regular file');
        return new FileReader(descriptor, status);
      } catch (error) {
        fs.closeSync(descriptor);
        throw error;
      }
    });
  }

  openWriter(name: ByteString, { existing, mode = 0o644 }: { existing: boolean; mode?: number }): HostWriter {
    return this.#attempt('write', name, (location) => {
      const creation = existing ? 0 : constants.O_CREAT | constants.O_EXCL;
      const flags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK | creation;
      const descriptor = fs.openSync(location, flags, mode);
      try {
        const { kind, size } = statusOf(fs.fstatSync(descriptor));
        if (kind !== 'file') throw this.#unsafe(name, 'it is no regular file');
        return new FileWriter(this.#path(name), descriptor, size);
      } catch (error) {
        fs.closeSync(descriptor);
        throw error;
      }
    });
  }

  put(name: ByteString, content: Uint8Array, mode = 0o644): void {
    const made = `.#${name}.new`;
    this.unlink(made);
    this.#write(made, content, constants.O_EXCL, mode);
    this.rename(made, name);
  }

  append(name: ByteString, content: Uint8Array): void {
    this.#write(name, content, constants.O_APPEND, 0o644);
  }

  openDirectory(
    name: ByteString,
    { create = false }: { readonly create?: boolean } = {},
  ): OpenDirectory | undefined {
    return this.#unlessMissing('open', name, (location) => {
      const isMade = create && this.#makeDirectory(name, location);
      const opened = OpenDirectory.open(location, this.#path(name), this.#resolves);
      // Whatever the umask: anybody may look.
      if (isMade) fs.fchmodSync(opened.#descriptor, DIRECTORY_MODE);
      return opened;
    });
  }

  rename(from: ByteString, to: ByteString, into: HostDirectory = this): void {
    if (!(into instanceof OpenDirectory)) throw new TypeError('a directory of another host');
    this.#attempt('rename', from, (location) => fs.renameSync(location, into.#location(to)));
  }

  symlink(target: ByteString, name: ByteString): void {
    this.#attempt('link', name, (location) => fs.symlinkSync(Buffer.from(bytesOf(target)), location));
  }

  unlink(name: ByteString): boolean {
    const done = this.#unlessMissing('remove', name, (location) => {
      fs.unlinkSync(location);
      return true;
    });
    return done === true;
  }

  sync(): void {
    this.#attempt('write', '', () => fs.fsyncSync(this.#descriptor));
  }

  freeSpace(): number {
    return this.#attempt('look at', '', () => {
      const { bavail, bsize } = fs.statfsSync(`/proc/self/fd/${this.#descriptor}`);
      return bavail * bsize;
    });
  }

  async lock(name: ByteString, wait: number): Promise<Disposable | undefined> {
    for (;;) {
      const descriptor = this.#attempt('lock', name, (location) => fs.openSync(location, LOCK_FLAGS, 0o600));
      let isOurs = false;
      try {
        if (!(await takeLock(descriptor, wait))) return undefined;
        // Who had the lock may have removed the file meanwhile; then the lock is of a file that nobody else will find.
        isOurs = this.status(name)?.inode === fs.fstatSync(descriptor).ino;
        if (isOurs) return { [Symbol.dispose]: () => fs.closeSync(descriptor) };
      } finally {
        if (!isOurs) fs.closeSync(descriptor);
      }
    }
  }

  [Symbol.dispose](): void {
    fs.closeSync(this.#descriptor);
  }

  #write(name: ByteString, content: Uint8Array, how: number, mode: number): void {
    this.#attempt('write', name, (location) => {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      const descriptor = fs.openSync(location, flags | how, mode);
      try {
        if (!fs.fstatSync(descriptor).isFile()) throw this.#unsafe(name, 'it is no regular file');
        fs.fchmodSync(descriptor, mode);
        for (let done = 0; done < content.length; ) done += fs.writeSync(descriptor, content, done);
      } finally {
        fs.closeSync(descriptor);
      }
    });
  }

  /** Makes a directory, durably, unless something of that name is there. Returns whether it did. */
  #makeDirectory(name: ByteString, location: Buffer): boolean {
    try {
      fs.mkdirSync(location, DIRECTORY_MODE);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw systemError('make', this.#path(name), error);
    }
    this.sync();
    return true;
  }

  #location(name: ByteString): Buffer {
    const isName = name !== '' && name !== '.' && name !== '..' && !/[/\0\u0100-\uffff]/.test(name);
    if (!isName) throw this.#unsafe(name, 'it is not the name of a file');
    if (name.length > NAME_MAX) throw this.#unsafe(name, `the name has more than ${NAME_MAX} bytes`);
    return Buffer.from(`/proc/self/fd/${this.#descriptor}/${name}`, 'latin1');
  }

  #attempt<T>(action: string, name: ByteString, call: (location: Buffer) => T): T {
    const location = name === '' ? Buffer.alloc(0) : this.#location(name);
    try {
      return call(location);
    } catch (error) {
      throw systemError(action, this.#path(name), error);
    }
  }

  #unlessMissing<T>(action: string, name: ByteString, call: (location: Buffer) => T): T | undefined {
    const location = this.#location(name);
    try {
      return call(location);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw systemError(action, this.#path(name), error);
    }
  }

  #path(name: ByteString): ByteString {
    return name === '' ? this.path : `${this.path === '/' ? '' : this.path}/${name}`;
  }

  #unsafe(name: ByteString, problem: string): NodeError {
    return new NodeError('unsafe-path', `${displayName(this.#path(name))}: ${problem}`);
  }
}

function statusOf(status: fs.Stats): EntryStatus {
  const { size, dev, ino, mtimeMs, ctimeMs, blocks } = status;
  return {
    kind: kindOf(status),
    size,
    device: dev,
    inode: ino,
    modified: mtimeMs,
    changed: ctimeMs,
    allocated: blocks * 512,
  };
}

function kindOf(status: fs.Stats): EntryKind {
  if (status.isFile()) return 'file';
  if (status.isDirectory()) return 'directory';
  return status.isSymbolicLink() ? 'symlink' : 'other';
}

/**
 * Takes the lock of an open file with flock(1), as shell scripts do: it locks the open file, not the process that asked, so
 * that the lock stays when flock has ended and goes when the last descriptor is closed, be it by SIGKILL.
 */
async function takeLock(descriptor: number, wait: number): Promise<boolean> {
  const { spawn } = await import('node:child_process');
  const args = [
    '--exclusive',
    '--timeout',
    (wait / 1000).toFixed(3),
    '--conflict-exit-code',
    `${LOCK_CONFLICT}`,
    '3',
  ];
  return new Promise((resolve, reject) => {
    const child = spawn('flock', args, { stdio: ['ignore', 'ignore', 'ignore', descriptor] });
    child.on('error', (cause) => {
      reject(
        new NodeError('unsupported', 'flock(1) cannot be run, without which nothing is changed', {
          cause,
          hint: 'install util-linux',
        }),
      );
    });
    child.on('exit', (status) => {
      if (status === 0 || status === LOCK_CONFLICT) resolve(status === 0);
      else reject(new NodeError('unsupported', `flock(1) failed with the status ${status}`));
    });
  });
}
