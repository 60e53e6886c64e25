import type { ByteString } from '../../base/byte-string.ts';
import type { ByteSource } from '../../image/byte-source.ts';

/**
 * The one door to the machine: everything that node and boot read, write and run passes through here, so that tests can
 * work on another root directory and let any call fail.
 *
 * Paths are byte strings, absolute, as the machine sees them, and are followed within {@link root}: a link to `/etc` under the root
 * `/sysroot` means `/sysroot/etc`.
 */
export interface Host {
  /** The directory that is the machine's `/`. */
  readonly root: string;
  /** Whether this is the running machine, on which systemd can be called: its root is `/`. */
  readonly isRunning: boolean;
  readonly environment: NodeJS.ProcessEnv;
  now(): Date;
  /**
   * Opens a directory; undefined where there is none.
   *
   * @param create Makes what is missing of the path, with mode 0755, durably.
   * @throws NodeError ('io', or 'unsafe-path' where something else than a directory is in the way).
   */
  openDirectory(path: ByteString, options?: { readonly create?: boolean }): HostDirectory | undefined;
  /**
   * The content of a small file, or of one in /proc or /sys; undefined where there is none.
   *
   * @param limit Most bytes; a larger file is refused.
   * @throws NodeError ('io').
   */
  readFile(path: ByteString, limit: number): Uint8Array | undefined;
  /**
   * Shows one line to whoever watches the machine start: on the kernel's log, which the console shows, or on the console itself.
   * Best effort; nothing where there is neither, and nothing under another root than the running machine's.
   */
  announce(line: string): void;
  /** Runs a program of the machine without a shell. Throws a NodeError ('unsupported') where there is none of that name. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
}

/** How a program is run. */
export interface RunOptions {
  /** Beyond the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds after which it is killed; a minute if absent. */
  readonly timeout?: number;
}

/** What a program answered. */
export interface RunResult {
  /** Undefined where it was killed. */
  readonly status: number | undefined;
  /** At most 1 MiB of each. */
  readonly stdout: string;
  readonly stderr: string;
}

/** What an entry of a directory is. */
export type EntryKind = 'file' | 'directory' | 'symlink' | 'other';

/** What the file system says of an entry, itself and not what a link leads to. */
export interface EntryStatus {
  readonly kind: EntryKind;
  /** Bytes. */
  readonly size: number;
  /** Together the identity of a file. */
  readonly device: number;
  readonly inode: number;
  /** Milliseconds since 1970: of the content, and of anything about the file. */
  readonly modified: number;
  readonly changed: number;
  /** Bytes that it takes on the file system. */
  readonly allocated: number;
}

/**
 * An open directory. Its entries are named by one component, which is never followed if it is a link; the directory stays
 * the same one whatever happens to its path. Names are byte strings.
 *
 * Every method throws a NodeError: 'unsafe-path' for a name that is none, else 'io' with the system's error as its cause.
 */
export interface HostDirectory extends Disposable {
  /** As the machine sees it, for messages. */
  readonly path: ByteString;
  /** The device that the directory is on. */
  readonly device: number;
  /** The file system that it is on: its number in statfs(2) (linux/magic.h). */
  fileSystem(): number;
  /** Names, in the order of their bytes. */
  list(): ByteString[];
  /** Undefined where there is no such entry. */
  status(name: ByteString): EntryStatus | undefined;
  /** Undefined where there is no such link. */
  readLink(name: ByteString): ByteString | undefined;
  /** Whether following a link in here ends at something that is there, within the root. */
  resolves(name: ByteString): boolean;
  /** Opens a regular file; undefined where there is none of that name. */
  openFile(name: ByteString): HostReader | undefined;
  /** Makes a file that was not there, or opens one that was to go on writing at its end. */
  openWriter(name: ByteString, options: { readonly existing: boolean; readonly mode?: number }): HostWriter;
  /**
   * Makes a small file with this content, or replaces what had its name, in one step and at once. Not durable: for directories
   * in memory, such as those in /run.
   *
   * @param mode 0644 if absent, whatever the umask.
   */
  put(name: ByteString, content: Uint8Array, mode?: number): void;
  /** Adds to a small file at once, which is made if need be with mode 0644. Not durable. */
  append(name: ByteString, content: Uint8Array): void;
  /** Opens a directory in this one, never through a link; undefined where there is none. */
  openDirectory(name: ByteString, options?: { readonly create?: boolean }): HostDirectory | undefined;
  /** Renames an entry, replacing what had the new name, into this directory or another on the same file system. */
  rename(from: ByteString, to: ByteString, into?: HostDirectory): void;
  symlink(target: ByteString, name: ByteString): void;
  /** Removes an entry that is no directory. Returns whether there was one. */
  unlink(name: ByteString): boolean;
  /** Makes the entries durable. */
  sync(): void;
  /** Bytes that this user may still write to the file system. */
  freeSpace(): number;
  /**
   * Takes the lock of a file, which is made if need be, until it is disposed of or this process ends, however it ends.
   * Undefined where another process has it for longer than `wait` milliseconds.
   */
  lock(name: ByteString, wait: number): Promise<Disposable | undefined>;
}

/** A file being read. */
export interface HostReader extends Disposable {
  readonly status: EntryStatus;
  /** Reads at once, without waiting: for the few bytes that tell what an image is. */
  readonly head: ByteSource;
  /** Reads beside other work. */
  readonly content: ByteSource;
}

/** A file being written, always at its end. */
export interface HostWriter extends AsyncDisposable {
  /** Bytes it has. */
  readonly size: number;
  write(bytes: Uint8Array): Promise<void>;
  /** The bytes written so far. */
  readonly content: ByteSource;
  /** Cuts the file. */
  truncate(size: number): Promise<void>;
  /** Lets everybody read it, who could not while it was written. */
  publish(): void;
  /** Makes the bytes durable. */
  sync(): Promise<void>;
}
