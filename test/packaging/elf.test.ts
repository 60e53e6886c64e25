import { expect, it } from 'vitest';
import { withNote } from '../../packaging/elf.ts';

/** A small executable as a linker lays it out: headers, interpreter, notes, one loaded segment, then what debuggers read. */
function executable({ room = true }: { room?: boolean } = {}): Buffer {
  const file = Buffer.alloc(0x2000);
  const headersSize = 4 * 56;
  file.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(62, 18);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(4, 56);
  const interpreterAt = 64 + headersSize;
  const notesAt = interpreterAt + 28 + (room ? 0 : 64);
  const segments: [number, number, number][] = [
    [6, 64, headersSize],
    [3, interpreterAt, 28],
    [1, 0, 0x1000],
    [4, notesAt, 68],
  ];
  for (const [index, [type, offset, size]] of segments.entries()) {
    const at = 64 + index * 56;
    file.writeUInt32LE(type, at);
    file.writeUInt32LE(4, at + 4);
    const words = [offset, 0x400000 + offset, 0x400000 + offset, size, size, 1];
    for (const [word, value] of words.entries()) file.writeBigUInt64LE(BigInt(value), at + 8 + word * 8);
  }
  file.write('/lib64/ld-linux-x86-64.so.2\0', interpreterAt, 'latin1');
  file.fill(0xaa, notesAt, notesAt + 68);
  // Sections: none, the notes, a symbol table that is not loaded, names.
  const names = '\0.note\0.symtab\0.shstrtab\0';
  file.write(names, 0x1400, 'latin1');
  const sections: [number, number, number, number, number][] = [
    [0, 0, 0, 0, 0],
    [1, 7, 2, notesAt, 68],
    [7, 2, 0, 0x1100, 0x200],
    [15, 3, 0, 0x1400, names.length],
  ];
  for (const [index, [name, type, flags, offset, size]] of sections.entries()) {
    const at = 0x1800 + index * 64;
    file.writeUInt32LE(name, at);
    file.writeUInt32LE(type, at + 4);
    file.writeBigUInt64LE(BigInt(flags), at + 8);
    file.writeBigUInt64LE(BigInt(offset), at + 24);
    file.writeBigUInt64LE(BigInt(size), at + 32);
  }
  file.writeBigUInt64LE(0x1800n, 40);
  file.writeUInt16LE(4, 60);
  file.writeUInt16LE(3, 62);
  return file;
}

const word = (file: Buffer, at: number): number => Number(file.readBigUInt64LE(at));

it('the note is in a segment that is loaded, behind the notes that were there', () => {
  const content = Buffer.from('the program');
  const result = withNote(executable(), 'A_NOTE', content);
  expect(result.readUInt16LE(56)).toBe(5);
  const load = 64 + 4 * 56;
  const note = 64 + 3 * 56;
  expect([result.readUInt32LE(load), result.readUInt32LE(note)]).toEqual([1, 4]);
  // Offset and address leave the same rest at the largest page size, and nothing overlaps what was loaded before.
  expect(word(result, load + 8)).toBe(0x10000);
  expect(word(result, load + 16)).toBe(0x410000);
  const offset = word(result, note + 8);
  expect(offset - word(result, load + 8)).toBe(word(result, note + 16) - word(result, load + 16));
  expect(offset + word(result, note + 32)).toBe(word(result, load + 8) + word(result, load + 32));
  expect(result.subarray(offset, offset + 68)).toEqual(Buffer.alloc(68, 0xaa));
  const own = offset + 68;
  expect([result.readUInt32LE(own), result.readUInt32LE(own + 4)]).toEqual([7, content.length]);
  expect(result.toString('latin1', own + 12, own + 18)).toBe('A_NOTE');
  expect(result.subarray(own + 20, own + 20 + content.length)).toEqual(content);
});

it('the interpreter is still named, behind the program headers', () => {
  const result = withNote(executable(), 'A_NOTE', Buffer.alloc(5));
  const interpreter = 64 + 56;
  const offset = word(result, interpreter + 8);
  expect(offset).toBeGreaterThanOrEqual(64 + 5 * 56);
  expect(word(result, interpreter + 16)).toBe(0x400000 + offset);
  expect(result.toString('latin1', offset, offset + 28)).toBe('/lib64/ld-linux-x86-64.so.2\0');
});

it('sections that are not loaded are left out, and the note has one', () => {
  const result = withNote(executable(), 'A_NOTE', Buffer.alloc(5));
  const start = word(result, 40);
  const count = result.readUInt16LE(60);
  expect(start + count * 64).toBe(result.length);
  const namesAt = word(result, start + (count - 1) * 64 + 24);
  const names = Array.from({ length: count }, (_, index) => {
    const at = namesAt + result.readUInt32LE(start + index * 64);
    return result.toString('latin1', at, result.indexOf(0, at));
  });
  expect(names).toEqual(['', '.note', '.note.a_note', '.shstrtab']);
});

it('what is no such executable, or has no room, is refused', () => {
  expect(() => withNote(Buffer.alloc(4096), 'A_NOTE', Buffer.alloc(1))).toThrow('no 64-bit');
  expect(() => withNote(executable({ room: false }), 'A_NOTE', Buffer.alloc(1))).toThrow('no room');
});
