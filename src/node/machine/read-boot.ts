import { join } from 'node:path';
import { escapeControls } from '../../base/display.ts';
import { readSecureBootState } from '../../trust/efi/secure-boot-state.ts';
import { TrustError } from '../../trust/error.ts';
import type { Host } from '../host/host.ts';
import { type Boot, type BootState, bootOf } from './boot-state.ts';

/** Files in /run/cos that immucore leaves, and the state that each tells. */
const SENTINELS: readonly (readonly [name: string, state: BootState])[] = [
  ['active_mode', 'active'],
  ['passive_mode', 'passive'],
  ['recovery_mode', 'recovery'],
  ['autoreset_mode', 'autoreset'],
  ['live_mode', 'livecd'],
];
const UKI_SENTINELS = ['uki_boot_mode', 'uki_install_mode'];
const SENTINEL_DIRECTORY = '/run/cos';

const EFIVARS = '/sys/firmware/efi/efivars';
/** The vendor GUID of the boot loader interface (systemd.io/BOOT_LOADER_INTERFACE). */
const LOADER_VENDOR = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';
const COMMAND_LINE_MAX = 64 * 1024;
const VARIABLE_MAX = 64 * 1024;
const ATTRIBUTES_SIZE = 4;

/**
 * The boot state of the running machine: by the sentinels that the boot stage left, else by the rules that it follows itself.
 */
export function readBoot(host: Host): Boot {
  const boot = bootOf({
    commandLine: textOf(host.readFile('/proc/cmdline', COMMAND_LINE_MAX)).trim(),
    loaderPartition: loaderVariable(host, 'LoaderDevicePartUUID'),
    loaderEntry: loaderVariable(host, 'LoaderEntrySelected'),
  });
  using directory = host.openDirectory(SENTINEL_DIRECTORY);
  if (directory === undefined) return boot;
  const names = directory.list();
  const found = SENTINELS.find(([name]) => names.includes(name));
  if (found === undefined) return boot;
  return {
    state: found[1],
    isUki: boot.isUki || UKI_SENTINELS.some((name) => names.includes(name)),
    isInRam: boot.isInRam || names.includes('in_ram_mode'),
    reason: `there is ${SENTINEL_DIRECTORY}/${found[0]}`,
  };
}

/** Whether the firmware verified what was booted, and how that is known. */
export interface TrustedBoot {
  readonly isTrustedBoot: boolean;
  /** A sentence without the final full stop. */
  readonly reason: string;
}

/**
 * Whether the machine is in Trusted Boot: a unified kernel image, which the firmware verified. A machine on which that cannot be
 * told counts as one.
 */
export async function readTrustedBoot(host: Host, { isUki }: Boot): Promise<TrustedBoot> {
  if (!isUki) return { isTrustedBoot: false, reason: 'no unified kernel image was booted' };
  try {
    const { isEnforcing } = await readSecureBootState(join(host.root, EFIVARS));
    return isEnforcing
      ? { isTrustedBoot: true, reason: 'a unified kernel image was booted, and Secure Boot is on' }
      : // Signatures are demanded of it all the same: an attacker who turns Secure Boot off must gain nothing.
        { isTrustedBoot: true, reason: 'a unified kernel image was booted, although Secure Boot is off' };
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    return { isTrustedBoot: true, reason: `a unified kernel image was booted (${error.message})` };
  }
}

/** The text of a variable of the boot loader: UTF-16LE, ended by NUL. Undefined where there is none. */
function loaderVariable(host: Host, name: string): string | undefined {
  const bytes = host.readFile(`${EFIVARS}/${name}-${LOADER_VENDOR}`, VARIABLE_MAX);
  if (bytes === undefined || bytes.length <= ATTRIBUTES_SIZE) return undefined;
  const text = Buffer.from(bytes.subarray(ATTRIBUTES_SIZE)).toString('utf16le');
  return escapeControls(text.replace(/\0.*$/s, ''));
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes).toString('utf8');
}
