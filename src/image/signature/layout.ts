/** Bytes of a signature partition (systemd 257 repart.c: `VERITY_SIG_SIZE`). */
export const SIGNATURE_PARTITION_SIZE = 16 * 1024;

/** Bytes that a signature partition may have at most (systemd 257 dissect-image.c). */
export const SIGNATURE_PARTITION_LIMIT = 4 * 1024 * 1024;
