import type { ImageUses } from '../image/extension/image-uses.ts';
import type { FileSystemSummary } from '../image/file-system-summary.ts';
import type { ImageFinding } from '../image/image-finding.ts';
import type { SignerIdentity } from './signer-identity.ts';

/** A partition as `systemd-dissect --json` describes it, with its place in the image. */
export interface MountDescription {
  readonly rw: 'rw' | 'ro';
  readonly designator: string;
  readonly partition_uuid: string | null;
  readonly partition_label: string | null;
  readonly fstype: string | null;
  readonly architecture: string | null;
  /** `signed`: a signature is there, which says nothing of whether it is right. */
  readonly verity: 'signed' | 'yes' | 'no' | null;
  readonly growfs: boolean;
  /** The device node of systemd-dissect's loop device; there is none here. */
  readonly node: null;
  readonly partno: number | null;
  /** Bytes from the start of the image. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

/**
 * What an image is, whether it is right or not: what `systemd-dissect --json` prints, by the same names, and more.
 * Nothing in it was verified; see `verifyImage` for that.
 */
export interface ImageDescription extends ImageUses {
  /** The file's name. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly sectorSize: number;
  readonly architecture?: string;
  /** The GUID of the disk. */
  readonly imageUuid?: string;
  readonly hostname?: string;
  readonly machineId?: string;
  readonly machineInfo?: readonly string[];
  readonly osRelease?: readonly string[];
  readonly initrdRelease?: readonly string[];
  readonly sysextRelease?: readonly string[];
  readonly confextRelease?: readonly string[];
  readonly mounts: readonly MountDescription[];
  /** Name and class by the release file inside, which is there under another name where the image was renamed. */
  readonly extension?: {
    readonly class: 'sysext' | 'confext';
    readonly name: string;
    readonly releaseFile: string;
    readonly isRenamed: boolean;
  };
  readonly verity?: {
    /** Lower-case hexadecimal, from the GUIDs of the partitions. */
    readonly rootHash: string | undefined;
    readonly algorithm: string;
    readonly dataBlocks: number;
    readonly dataBlockSize: number;
    readonly hashBlockSize: number;
    /** Hexadecimal. */
    readonly salt: string;
    readonly uuid: string;
  };
  readonly signature?: {
    readonly rootHash: string;
    /** SHA-256 of the certificate, as the partition states it. */
    readonly certificateFingerprint: string | undefined;
    readonly signers: readonly SignerIdentity[];
  };
  readonly fileSystem?: Omit<FileSystemSummary, 'largest'> & {
    /** Paths as text for display. */
    readonly largest: readonly { readonly path: string; readonly size: number }[];
  };
  readonly findings: readonly ImageFinding[];
}
