import type { ByteString } from '../../base/byte-string.ts';
import type { Host } from '../host/host.ts';
import type { Boot, BootState } from './boot-state.ts';

/** Where the boot stage says what was booted, for whoever comes later. */
export const SENTINEL_DIRECTORY = '/run/cos';
/** What each of its files holds. */
export const SENTINEL_CONTENT = '1';

/** Files that the boot stage leaves, and the state that each tells. */
const STATES: readonly (readonly [name: ByteString, state: BootState])[] = [
  ['active_mode', 'active'],
  ['passive_mode', 'passive'],
  ['recovery_mode', 'recovery'],
  ['autoreset_mode', 'autoreset'],
  ['live_mode', 'livecd'],
];
const UNKNOWN = 'unknown';
const IN_RAM = 'in_ram_mode';
/** A unified kernel image that is installed, or runs from memory; and one that is yet to be installed. */
const UKI_BOOT = 'uki_boot_mode';
const UKI_INSTALL = 'uki_install_mode';

/** All names that a sentinel may have. */
export const SENTINELS: readonly ByteString[] = [
  ...STATES.map(([name]) => name),
  UNKNOWN,
  IN_RAM,
  UKI_BOOT,
  UKI_INSTALL,
];

/** The names of the sentinels that tell a boot. */
export function sentinelsOf({ state, isUki, isInRam }: Boot): ByteString[] {
  const name = STATES.find(([, other]) => other === state)?.[0] ?? UNKNOWN;
  const uki = state === 'livecd' ? UKI_INSTALL : UKI_BOOT;
  return [name, ...(isInRam ? [IN_RAM] : []), ...(isUki ? [uki] : [])];
}

/** The boot that the sentinels tell; undefined where they tell no state. Throws a NodeError ('io', 'unsafe-path'). */
export function readSentinels(host: Host): Boot | undefined {
  using directory = host.openDirectory(SENTINEL_DIRECTORY);
  const names = directory?.list() ?? [];
  const found = STATES.find(([name]) => names.includes(name));
  if (found === undefined) return undefined;
  return {
    state: found[1],
    isUki: names.includes(UKI_BOOT) || names.includes(UKI_INSTALL),
    isInRam: names.includes(IN_RAM),
    reason: `there is ${SENTINEL_DIRECTORY}/${found[0]}`,
  };
}
