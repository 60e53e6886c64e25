/** Bytes of the pages that {@link pageMemory} begins with; larger ones are a multiple of it. */
export const PAGE_SIZE = 4096;

/**
 * Zeros that begin with a page of memory, as the kernel wants them that the disk is to take them from there (open(2), O_DIRECT).
 *
 * JavaScript has no such promise, but V8 gets the memory of what can grow in whole pages, and of everything else from malloc. Where
 * that should change, the kernel refuses the bytes and they are written in another way.
 */
export function pageMemory(size: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(size, { maxByteLength: size }), 0, size);
}

/** Whether bytes begin with a page of {@link pageMemory}, or of shared memory that can grow. */
export function beginsWithPage({ buffer, byteOffset }: Uint8Array): boolean {
  const canGrow = buffer instanceof SharedArrayBuffer ? buffer.growable : buffer.resizable;
  return canGrow && byteOffset % PAGE_SIZE === 0;
}
