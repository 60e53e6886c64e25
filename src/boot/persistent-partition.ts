import type { ByteString } from '../base/byte-string.ts';
import { displayName } from '../base/display.ts';
import { NodeError } from '../node/error.ts';
import type { Host, HostDirectory } from '../node/host/host.ts';
import type { BootLog } from './log.ts';
import type { TimeLimit } from './time-limit.ts';

/** The partition that keeps /usr/local and /var/lib/kairos of a Kairos machine. */
const DEVICE = '/dev/disk/by-label/COS_PERSISTENT';
/** Where it is mounted while recovery runs: in /run, so that the mount goes over to the booted system. */
const MOUNT_POINT: ByteString = '/run/immucore/persistent';
/** What is bound to /var/lib/kairos in the other boot states, from the root of the partition. */
const STATE: readonly ByteString[] = ['.state', 'var-lib-kairos.bind'];
const TARGET: readonly ByteString[] = ['var', 'lib', 'kairos'];
/** Milliseconds that a partition may take to appear, once the one that was booted from did. */
const APPEARS_WITHIN = 3000;

/**
 * Makes /var/lib/kairos of the persistent partition readable in the system that is booted, read-only, for the boot states in
 * which nothing else mounts it. Both mounts stay for as long as the system runs, since the extensions are read from there.
 *
 * @throws NodeError that says why it cannot be.
 */
export async function mountPersistent(
  initramfs: Host,
  system: Host,
  limit: TimeLimit,
  log: BootLog,
): Promise<void> {
  const run = async (program: string, ...args: readonly string[]): Promise<void> => {
    const { status, stderr } = await limit.within(initramfs.run(program, args, { timeout: limit.left }));
    if (status === 0) return;
    const said = stderr.trim().split('\n').at(-1) ?? '';
    const how = status === undefined ? 'did not end in time' : `failed with the status ${status}`;
    throw new NodeError('io', `${[program, ...args].join(' ')} ${how}${said === '' ? '' : `: ${said}`}`);
  };
  if (!hasDevice(initramfs)) {
    try {
      const timeout = `--timeout=${APPEARS_WITHIN / 1000}`;
      await run('udevadm', 'settle', timeout, `--exit-if-exists=${DEVICE}`);
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
    }
    if (!hasDevice(initramfs)) throw new NodeError('not-found', `there is no ${DEVICE}`);
  }
  initramfs.openDirectory(MOUNT_POINT, { create: true })?.[Symbol.dispose]();
  await run('mount', '-o', 'ro,nodev,nosuid,noexec', DEVICE, MOUNT_POINT);
  try {
    requireDirectory(initramfs, MOUNT_POINT, STATE, false);
    requireDirectory(system, '/', TARGET, true);
    const source = [MOUNT_POINT, ...STATE].join('/');
    const target = [system.root.replace(/\/$/, ''), ...TARGET].join('/');
    await run('mount', '--bind', source, target);
    // The mount is read-only already; this keeps it so should somebody mount the partition anew.
    await run('mount', '-o', 'remount,bind,ro,nodev,nosuid,noexec', target);
    log.info(`${DEVICE} is mounted read-only for the extensions`);
  } catch (error) {
    await run('umount', MOUNT_POINT).catch((failure: Error) => log.warning(failure.message));
    throw error;
  }
}

function hasDevice(initramfs: Host): boolean {
  const slash = DEVICE.lastIndexOf('/');
  using directory = initramfs.openDirectory(DEVICE.slice(0, slash));
  return directory?.status(DEVICE.slice(slash + 1)) !== undefined;
}

/** Makes sure that a path is one of directories, none of which is a link: mount(8) would follow it where it likes. */
function requireDirectory(
  host: Host,
  start: ByteString,
  names: readonly ByteString[],
  create: boolean,
): void {
  let directory: HostDirectory | undefined = host.openDirectory(start);
  for (const name of names) {
    using parent = directory;
    directory = parent?.openDirectory(name, { create: create && parent.status(name) === undefined });
  }
  const path = [start === '/' ? '' : start, ...names].join('/');
  if (directory === undefined) throw new NodeError('not-found', `there is no directory ${displayName(path)}`);
  directory[Symbol.dispose]();
}
