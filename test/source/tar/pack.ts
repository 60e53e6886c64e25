/** What a header block of a test archive says; numbers beyond a field go in base 256, as GNU tar does it. */
export interface HeaderFields {
  readonly path?: string;
  readonly typeflag?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly mtime?: number;
  readonly linkTarget?: string;
  readonly major?: number;
  readonly minor?: number;
}

/** A ustar header block with a right check sum. Texts are Latin-1. */
export function header(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(512);
  const { path = 'x', typeflag = '0', mode = 0o644, uid = 0, gid = 0, size = 0, mtime = 0 } = fields;
  block.write(path.slice(0, 100), 0, 'latin1');
  number(block, 100, 8, mode);
  number(block, 108, 8, uid);
  number(block, 116, 8, gid);
  number(block, 124, 12, size);
  number(block, 136, 12, mtime);
  block.write(typeflag, 156, 'latin1');
  block.write((fields.linkTarget ?? '').slice(0, 100), 157, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  number(block, 329, 8, fields.major ?? 0);
  number(block, 337, 8, fields.minor ?? 0);
  return withChecksum(block);
}

/** Sets the check sum of a header block to what it ought to be. */
export function withChecksum(block: Buffer): Buffer {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function number(block: Buffer, offset: number, length: number, value: number): void {
  if (value >= 0 && value < 8 ** (length - 1)) {
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset, 'latin1');
    return;
  }
  let rest = BigInt.asUintN(length * 8, BigInt(value));
  for (let at = offset + length - 1; at >= offset; at--) {
    block[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  block[offset]! |= 0x80;
}

/** Content padded to whole records. */
export function padded(content: string | Uint8Array): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : Buffer.from(content);
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

/** A pax extended header (`x`) with these records, or a global one (`g`). */
export function pax(records: readonly (readonly [keyword: string, value: string])[], typeflag = 'x'): Buffer {
  const text = records.map(([keyword, value]) => paxRecord(keyword, value)).join('');
  return Buffer.concat([header({ path: 'pax', typeflag, size: text.length }), padded(text)]);
}

function paxRecord(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`;
  let length = rest.length + 1;
  while (`${length}${rest}`.length !== length) length += 1;
  return `${length}${rest}`;
}

/** The end mark. */
export const END = Buffer.alloc(1024);
