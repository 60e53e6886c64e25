/*
 * Puts a note into an executable of the Executable and Linkable Format, 64 bits, little endian (elf(5); gabi.xinuos.com). The
 * note is loaded with the program, which finds it by its name. What is for debuggers only is left out.
 */

const MAGIC = 0x464c457f;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;

/** The file header: offsets of the fields used here. */
const HEADER = { class: 4, data: 5, phoff: 32, shoff: 40, phentsize: 54, phnum: 56, shnum: 60, shstrndx: 62 };
const PROGRAM_HEADER_SIZE = 56;
const SECTION_HEADER_SIZE = 64;
/** Program headers: types, flags. */
const LOAD = 1;
const INTERP = 3;
const NOTE = 4;
const PHDR = 6;
const READABLE = 4;
/** Sections: types, flags. */
const SECTION_NOTE = 7;
const SECTION_STRTAB = 3;
const ALLOCATED = 2;
/** As far apart as segments are on any architecture: the largest page. */
const PAGE = 0x10000;
/** The notes begin behind the start of the segment that loads them, which tells tools that move segments which holds which. */
const LEAD = 16;

interface Segment {
  /** Of its program header. */
  readonly at: number;
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

/** The executable's type and machine, such as 62 for x86-64 and 183 for AArch64 (e_machine). */
export function elfMachine(file: Buffer): number {
  return file.readUInt16LE(18);
}

/**
 * The executable with a note named `name` in a segment of its own, without its debug information and symbols. Notes that it has
 * stay, before the new one. Throws where the file is no such executable, or has no room for another program header.
 */
export function withNote(file: Buffer, name: string, content: Buffer): Buffer {
  if (
    file.length < 64 ||
    file.readUInt32LE(0) !== MAGIC ||
    file[HEADER.class] !== CLASS_64 ||
    file[HEADER.data] !== LITTLE_ENDIAN ||
    file.readUInt16LE(HEADER.phentsize) !== PROGRAM_HEADER_SIZE
  ) {
    throw new Error('this is no 64-bit little-endian ELF executable');
  }
  const segments = readSegments(file);
  const loads = segments.filter(({ type }) => type === LOAD);
  const one = (type: number): Segment => {
    const [segment, ...others] = segments.filter((candidate) => candidate.type === type);
    if (segment === undefined || others.length > 0) throw new Error(`it has not one segment of type ${type}`);
    return segment;
  };
  const headers = one(PHDR);
  const interpreter = one(INTERP);
  const notes = one(NOTE);

  // The program headers can only grow over what follows them: the interpreter's name, which then moves on, and the notes,
  // which go to the new segment.
  const room = contiguousEnd(headers, [interpreter, notes]);
  const newHeader = headers.offset + headers.fileSize;
  const interpreterOffset = newHeader + PROGRAM_HEADER_SIZE;
  if (interpreterOffset + interpreter.fileSize > room) throw new Error('another program header has no room');

  const fileEnd = Math.max(...loads.map(({ offset, fileSize }) => offset + fileSize));
  const memoryEnd = Math.max(...loads.map(({ address, memorySize }) => address + memorySize));
  const offset = roundUp(fileEnd, PAGE);
  const address = roundUp(memoryEnd, PAGE);
  const oldNotes = file.subarray(notes.offset, notes.offset + notes.fileSize);
  const newNotes = Buffer.concat([padded(oldNotes), encodeNote(name, content)]);
  const size = LEAD + newNotes.length;

  const interpreterName = Buffer.from(
    file.subarray(interpreter.offset, interpreter.offset + interpreter.fileSize),
  );
  const moved = (oldOffset: number): { offset: number; address: number } | undefined => {
    if (oldOffset === interpreter.offset) {
      return {
        offset: interpreterOffset,
        address: interpreter.address + interpreterOffset - interpreter.offset,
      };
    }
    if (oldOffset < notes.offset || oldOffset >= notes.offset + notes.fileSize) return undefined;
    const inSegment = LEAD + oldOffset - notes.offset;
    return { offset: offset + inSegment, address: address + inSegment };
  };
  const newNoteOffset = offset + LEAD + padded(oldNotes).length;
  const sections = encodeSections(file, moved, {
    name: `.note.${name.toLowerCase()}`,
    offset: newNoteOffset,
    address: newNoteOffset - offset + address,
    size: offset + size - newNoteOffset,
    end: offset + size,
  });

  const result = Buffer.alloc(offset + size + sections.bytes.length);
  file.copy(result, 0, 0, fileEnd);
  newNotes.copy(result, offset + LEAD);
  sections.bytes.copy(result, offset + size);
  result.fill(0, newHeader, room);
  interpreterName.copy(result, interpreterOffset);
  writeProgramHeader(result, headers.at, {
    ...headers,
    size: headers.fileSize + PROGRAM_HEADER_SIZE,
    alignment: 8,
  });
  const interpreterPlace = moved(interpreter.offset)!;
  writeProgramHeader(result, interpreter.at, {
    type: INTERP,
    ...interpreterPlace,
    size: interpreter.fileSize,
    alignment: 1,
  });
  writeProgramHeader(result, notes.at, {
    type: NOTE,
    offset: offset + LEAD,
    address: address + LEAD,
    size: newNotes.length,
    alignment: 4,
  });
  // Segments that are loaded stand in the order of their addresses, and this is the last.
  writeProgramHeader(result, newHeader, {
    type: LOAD,
    offset,
    address,
    size,
    alignment: PAGE,
  });
  result.writeUInt16LE(segments.length + 1, HEADER.phnum);
  result.writeBigUInt64LE(BigInt(sections.headersAt), HEADER.shoff);
  result.writeUInt16LE(sections.count, HEADER.shnum);
  result.writeUInt16LE(sections.count - 1, HEADER.shstrndx);
  return result;
}

function readSegments(file: Buffer): Segment[] {
  const start = offsetAt(file, HEADER.phoff);
  return Array.from({ length: file.readUInt16LE(HEADER.phnum) }, (_, index) => {
    const at = start + index * PROGRAM_HEADER_SIZE;
    return {
      at,
      type: file.readUInt32LE(at),
      offset: offsetAt(file, at + 8),
      address: offsetAt(file, at + 16),
      fileSize: offsetAt(file, at + 32),
      memorySize: offsetAt(file, at + 40),
    };
  });
}

/** Where the segments end that follow `first` without a gap of more than a word. */
function contiguousEnd(first: Segment, followers: readonly Segment[]): number {
  let end = first.offset + first.fileSize;
  for (const { offset, fileSize } of followers) {
    if (offset < end || offset - end >= 8) throw new Error('another program header has no room');
    end = offset + fileSize;
  }
  return end;
}

interface NewSection {
  readonly name: string;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
  /** Where the section headers may stand. */
  readonly end: number;
}

/**
 * Section headers, which only tools read: those of what is loaded, which keep their numbers, then the new note and the names.
 * Without them a tool such as strip would throw the note away.
 */
function encodeSections(
  file: Buffer,
  moved: (offset: number) => { offset: number; address: number } | undefined,
  note: NewSection,
): { bytes: Buffer; headersAt: number; count: number } {
  const start = offsetAt(file, HEADER.shoff);
  const all = Array.from({ length: file.readUInt16LE(HEADER.shnum) }, (_, index) =>
    Buffer.from(
      file.subarray(start + index * SECTION_HEADER_SIZE, start + (index + 1) * SECTION_HEADER_SIZE),
    ),
  );
  const oldNames = offsetAt(all[file.readUInt16LE(HEADER.shstrndx)]!, 24);
  const firstDropped = all.findIndex((header, index) => index > 0 && (header[8]! & ALLOCATED) === 0);
  const kept = all.slice(0, firstDropped === -1 ? undefined : firstDropped);
  let names = '\0';
  const addName = (text: string): number => {
    const at = names.length;
    names += `${text}\0`;
    return at;
  };
  for (const [index, header] of kept.entries()) {
    if (index === 0) continue;
    const nameAt = oldNames + header.readUInt32LE(0);
    header.writeUInt32LE(addName(file.toString('latin1', nameAt, file.indexOf(0, nameAt))), 0);
    const place = moved(offsetAt(header, 24));
    if (place !== undefined) {
      header.writeBigUInt64LE(BigInt(place.address), 16);
      header.writeBigUInt64LE(BigInt(place.offset), 24);
    }
  }
  const section = (type: number, text: string, flags: number, place: Omit<NewSection, 'name' | 'end'>) => {
    const header = Buffer.alloc(SECTION_HEADER_SIZE);
    header.writeUInt32LE(addName(text), 0);
    header.writeUInt32LE(type, 4);
    header.writeBigUInt64LE(BigInt(flags), 8);
    header.writeBigUInt64LE(BigInt(place.address), 16);
    header.writeBigUInt64LE(BigInt(place.offset), 24);
    header.writeBigUInt64LE(BigInt(place.size), 32);
    header.writeBigUInt64LE(BigInt(type === SECTION_NOTE ? 4 : 1), 48);
    return header;
  };
  const noteHeader = section(SECTION_NOTE, note.name, ALLOCATED, note);
  const namesHeader = section(SECTION_STRTAB, '.shstrtab', 0, { offset: note.end, address: 0, size: 0 });
  namesHeader.writeBigUInt64LE(BigInt(names.length), 32);
  const headersAt = roundUp(note.end + names.length, 8);
  const bytes = Buffer.concat([
    Buffer.from(names, 'latin1'),
    Buffer.alloc(headersAt - note.end - names.length),
    ...kept,
    noteHeader,
    namesHeader,
  ]);
  return { bytes, headersAt, count: kept.length + 2 };
}

/** Sizes, then name and content, each padded to words. */
function encodeNote(name: string, content: Buffer): Buffer {
  const nameBytes = Buffer.from(`${name}\0`, 'latin1');
  const header = Buffer.alloc(12);
  header.writeUInt32LE(nameBytes.length, 0);
  header.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, padded(nameBytes), padded(content)]);
}

function writeProgramHeader(
  file: Buffer,
  at: number,
  header: {
    readonly type: number;
    readonly offset: number;
    readonly address: number;
    readonly size: number;
    readonly alignment: number;
  },
): void {
  file.writeUInt32LE(header.type, at);
  file.writeUInt32LE(READABLE, at + 4);
  const words = [
    header.offset,
    header.address,
    header.address,
    header.size,
    header.size,
    header.alignment,
  ] as const;
  for (const [index, word] of words.entries()) file.writeBigUInt64LE(BigInt(word), at + 8 + index * 8);
}

function offsetAt(bytes: Buffer, at: number): number {
  const value = bytes.readBigUInt64LE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error(`${value} is no offset in a file`);
  return Number(value);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(roundUp(bytes.length, 4) - bytes.length)]);
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
