import type { SuperblockBytes } from './superblock-bytes.ts';

/** What a file or partition holds, by its superblock. */
export interface ProbedFileSystem {
  /** As libblkid names it: `erofs`, `squashfs`, `ext4`, `crypto_LUKS`, `DM_verity_hash`… */
  readonly type: string;
  /** As libblkid prints it, if it is printable ASCII; not every type has one of RFC 9562's form. */
  readonly uuid?: string | undefined;
  /** As text; UTF-8 where it is that, else Latin-1. May hold control characters. */
  readonly label?: string | undefined;
}

/** Recognises one family of formats; undefined if the bytes are none of them. */
export type Probe = (head: SuperblockBytes) => ProbedFileSystem | undefined;
