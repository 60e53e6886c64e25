import type { Host } from '../node/host/host.ts';
import { type EvidencePlaces, evidencePlaces } from '../node/machine/boot-evidence.ts';

/** Where the boot stage works. */
export interface BootPlaces {
  /** The initramfs, whose /run the booted system takes over. */
  readonly initramfs: Host;
  /** Where the kernel command line and efivarfs are. */
  readonly evidence: EvidencePlaces;
  /**
   * The root of the system that is booted; undefined where the boot decides it: /sysroot, or the initramfs itself where that is
   * a unified kernel image, which holds the whole system.
   */
  readonly systemRoot: string | undefined;
  /** Opens the host of another root, which must be there. Throws a NodeError ('not-found'). */
  readonly openRoot: (root: string) => Host;
}

/** Where dracut and initramfs-tools prepare the system that is booted. */
export const SYSROOT = '/sysroot';

/** The places of a running initramfs. */
export function bootPlaces(initramfs: Host, openRoot: (root: string) => Host): BootPlaces {
  return { initramfs, evidence: evidencePlaces(initramfs), systemRoot: undefined, openRoot };
}
