import type { Profile } from '../store/layout.ts';

/** Which system of a node was booted. */
export type BootState = 'active' | 'passive' | 'recovery' | 'autoreset' | 'livecd' | 'unknown';

/** What decides the boot state. */
export interface BootEvidence {
  /** The kernel command line. */
  readonly commandLine: string;
  /** The boot loader's variable LoaderDevicePartUUID; undefined or empty where there is none. */
  readonly loaderPartition: string | undefined;
  /** Its variable LoaderEntrySelected, such as `active.conf`. */
  readonly loaderEntry: string | undefined;
}

/** A boot state and how it was found. */
export interface Boot {
  readonly state: BootState;
  /** Whether a unified kernel image was booted, as Trusted Boot does. */
  readonly isUki: boolean;
  /** Whether the system runs from memory. */
  readonly isInRam: boolean;
  /** What told the state: a sentence without the final full stop. */
  readonly reason: string;
}

/** Entries of the boot loader, by how their names begin. */
const LOADER_ENTRIES: readonly (readonly [prefix: string, state: BootState])[] = [
  ['active', 'active'],
  ['passive', 'passive'],
  ['recovery', 'recovery'],
  ['statereset', 'autoreset'],
];

/** What the command line contains, first match wins. */
const MARKS: readonly (readonly [mark: string, state: BootState])[] = [
  ['kairos.reset', 'autoreset'],
  ['COS_ACTIVE', 'active'],
  ['COS_PASSIVE', 'passive'],
  ['COS_RECOVERY', 'recovery'],
  ['COS_SYSTEM', 'recovery'],
  ['recovery-mode', 'recovery'],
  ['live:LABEL', 'livecd'],
  ['live:CDLABEL', 'livecd'],
  ['netboot', 'livecd'],
];

/** The token that unified kernel images of Kairos have on their command line. */
const UKI_MARK = 'rd.immucore.uki';

/** Finds the boot state as Kairos does, first match wins. */
export function bootOf({ commandLine, loaderPartition, loaderEntry }: BootEvidence): Boot {
  const isUki = commandLine.includes(UKI_MARK);
  const ram = commandLine.split(/\s+/).find((token) => /^kairos\.ram(?:$|[.=])/.test(token));
  if (ram !== undefined) {
    return { state: 'active', isUki, isInRam: true, reason: `the kernel command line has ${ram}` };
  }
  if (isUki) return { ...ukiState(loaderPartition, loaderEntry), isUki, isInRam: false };
  const found = MARKS.find(([mark]) => commandLine.includes(mark));
  return {
    state: found?.[1] ?? 'unknown',
    isUki,
    isInRam: false,
    reason:
      found === undefined
        ? 'the kernel command line names no boot state'
        : `the kernel command line has ${found[0]}`,
  };
}

function ukiState(partition: string | undefined, entry: string | undefined): Pick<Boot, 'state' | 'reason'> {
  if (partition === undefined || partition === '') {
    return { state: 'livecd', reason: 'the boot loader tells no partition that it was started from' };
  }
  const found = entry?.endsWith('.conf')
    ? LOADER_ENTRIES.find(([prefix]) => entry.startsWith(prefix))
    : undefined;
  const reason =
    entry === undefined ? 'the boot loader tells no entry' : `the boot loader started the entry ${entry}`;
  return { state: found?.[1] ?? 'unknown', reason };
}

/** The profiles that a boot loads. */
export function loadedProfiles(state: BootState): readonly Profile[] {
  switch (state) {
    case 'active':
    case 'passive':
    case 'recovery':
      return [state, 'common'];
    case 'autoreset':
      return ['recovery', 'common'];
    default:
      return [];
  }
}
