/** Bytes of a signature partition (systemd 257 repart.c: `VERITY_SIG_SIZE`). */
export const SIGNATURE_PARTITION_SIZE = 16 * 1024;
