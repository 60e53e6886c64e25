import type { Architecture } from '../architecture.ts';
import { compareVersions } from '../extension/version-compare.ts';
import { hasVerity, type PolicyDesignator, protectorOf } from './designator.ts';

/** A partition as far as policies look at it. */
export interface PolicyPartition {
  /** What its type says; `linux-generic` is taken for the root where no root or /usr is used. */
  readonly designator: PolicyDesignator | 'linux-generic';
  /** The architecture of its type; undefined for types that all share. */
  readonly architecture?: Architecture | undefined;
  /** Of several, the one whose label is the newest counts; without a label it is the oldest. */
  readonly label?: string | undefined;
  /** Bit 60 of its attributes. */
  readonly readOnly: boolean;
  /** Bit 59 of its attributes. */
  readonly growFileSystem: boolean;
  /** As libblkid names it: only `crypto_LUKS` makes a difference. Undefined where it is not known. */
  readonly fileSystemType?: string | undefined;
}

/** An image as far as policies look at it. */
export interface PolicySubject {
  /**
   * Whether there is a partition table. An image without one is a single file system, which is given as one
   * partition: root, neither read-only nor to be grown.
   */
  readonly partitionTable: boolean;
  /**
   * In the order of the table. Left out are those that systemd never looks at: marked `noAuto` (bit 63; for the ESP
   * bit 1), or of a type that it does not know.
   */
  readonly partitions: readonly PolicyPartition[];
}

/** Architectures whose programs a machine runs beside its own (systemd 257 src/basic/architecture.h). */
const SECONDARY: { readonly [architecture in Architecture]?: Architecture } = {
  'x86-64': 'x86',
  arm64: 'arm',
  ppc64: 'ppc',
  s390x: 's390',
};

/**
 * Of several partitions for one purpose, the one that systemd uses (systemd 257 src/shared/dissect-image.c): the
 * better architecture, then for file systems with versions the newer label, then the first.
 *
 * @param native The architecture of the machine; without it, all are alike.
 */
export function choosePartition(
  candidates: readonly PolicyPartition[],
  native?: Architecture,
): PolicyPartition | undefined {
  return candidates.reduce<PolicyPartition | undefined>((best, next) => {
    if (best === undefined) return next;
    const order = architectureRank(next.architecture, native) - architectureRank(best.architecture, native);
    if (order < 0 && next.architecture !== best.architecture) return best;
    if (order > 0) return next;
    return isNewer(next, best) ? next : best;
  }, undefined);
}

function architectureRank(architecture: Architecture | undefined, native: Architecture | undefined): number {
  if (architecture === undefined || native === undefined) return 0;
  if (architecture === native) return 2;
  return architecture === SECONDARY[native] ? 1 : 0;
}

function isNewer(next: PolicyPartition, best: PolicyPartition): boolean {
  const { designator } = next;
  const versioned =
    designator !== 'linux-generic' && (hasVerity(designator) || protectorOf(designator) !== undefined);
  return versioned && compareVersions(next.label ?? '', best.label ?? '') > 0;
}
