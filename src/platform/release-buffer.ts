/**
 * Frees the memory that some bytes lie in, whose buffer must be nobody else's. All views of it become empty.
 *
 * Without that it is garbage until the next collection; and since V8 looks through the whole heap for every 32 MiB of
 * buffers, a stream of them takes a third more processor time.
 */
export function releaseBuffer(bytes: Uint8Array<ArrayBuffer>): void {
  bytes.buffer.transfer(0);
}
