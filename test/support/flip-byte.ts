import { open } from 'node:fs/promises';

/** Inverts one byte of a file. */
export async function flipByte(path: string, offset: number): Promise<void> {
  await using file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  const { bytesRead } = await file.read(byte, 0, 1, offset);
  if (bytesRead !== 1) throw new RangeError(`${path} ends before byte ${offset}`);
  await file.write(Buffer.of(byte.readUInt8() ^ 0xff), 0, 1, offset);
}
