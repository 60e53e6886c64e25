import { byteString } from '../../base/byte-string.ts';
import { type KernelVersion, parseKernelRelease } from '../../image/kernel-requirement.ts';
import type { Host } from '../host/host.ts';

/** As proc_sys(5) has it; 64 bytes and a newline (UTS_LEN of Linux). */
const RELEASE_FILE = '/proc/sys/kernel/osrelease';
const RELEASE_MAX = 128;

/** The version of the running kernel; undefined where the machine is not running, or it cannot be told. */
export function readKernelVersion(host: Host): KernelVersion | undefined {
  if (!host.isRunning) return undefined;
  const bytes = host.readFile(RELEASE_FILE, RELEASE_MAX);
  return bytes && parseKernelRelease(byteString(bytes));
}
