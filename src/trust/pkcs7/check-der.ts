/** Nesting of real signatures with certificates is below 20. */
const DEPTH_MAX = 40;
/** Bit 6 of an identifier: the content is further elements (X.690, section 8.1.2.5). */
const CONSTRUCTED = 0x20;
/** Bits 8 and 7 of an identifier: its class. */
const UNIVERSAL_CLASS = 0;
const CONTEXT_CLASS = 2;
/** Names of certificates have the most choices, 0 to 8 (RFC 5280, section 4.2.1.6). */
const CONTEXT_NUMBER_MAX = 8;
const SEQUENCE = 16;
const SET = 17;

/**
 * What stops bytes from being one element in DER (X.690, section 10.1: definite lengths of the shortest form), as deep as
 * elements are nested; undefined if nothing does. Parsers behind this can rely on lengths and depth.
 */
export function derProblem(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'it is empty';
  /** Ends of the elements that are open, the outermost first. */
  const ends = [bytes.length];
  let place = 0;
  let elements = 0;
  while (ends.length > 0) {
    const end = ends.at(-1)!;
    if (place === end) {
      ends.pop();
      continue;
    }
    if (ends.length === 1 && elements > 0) return `there is something behind byte ${place}, where it ends`;
    elements += 1;
    const element = readHeader(bytes, place, end);
    if (typeof element === 'string') return `at byte ${place}: ${element}`;
    place = element.content;
    if (element.isConstructed) {
      if (ends.length > DEPTH_MAX) return `its elements are nested more than ${DEPTH_MAX} deep`;
      ends.push(element.content + element.length);
    } else place += element.length;
  }
  return undefined;
}

/**
 * The elements in an element in DER that {@link derProblem} found nothing wrong with: views of the bytes as they are, which
 * parsing and encoding them again need not give. None in one that is not constructed.
 */
export function derElements(element: Uint8Array): Uint8Array[] {
  const elements: Uint8Array[] = [];
  const outer = checkedHeader(element, 0);
  if (!outer.isConstructed) return elements;
  for (let place = outer.content; place < element.length; ) {
    const { content, length } = checkedHeader(element, place);
    elements.push(element.subarray(place, content + length));
    place = content + length;
  }
  return elements;
}

function checkedHeader(bytes: Uint8Array, place: number) {
  const header = readHeader(bytes, place, bytes.length);
  if (typeof header === 'string') throw new RangeError(`not in DER: ${header}`);
  return header;
}

function readHeader(
  bytes: Uint8Array,
  start: number,
  end: number,
): { content: number; length: number; isConstructed: boolean } | string {
  const identifier = bytes[start]!;
  if (!isKnownIdentifier(identifier))
    return `a tag (0x${identifier.toString(16)}) that signatures do not have`;
  if (start + 1 >= end) return 'it is cut off';
  const first = bytes[start + 1]!;
  let content = start + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0) return 'an indefinite length, which DER does not have';
    if (count > 4) return 'a length beyond 4 GiB';
    if (content + count > end) return 'it is cut off';
    length = 0;
    for (let index = 0; index < count; index++) length = length * 256 + bytes[content + index]!;
    if (length < 0x80 || length < 256 ** (count - 1)) return 'a length that is not of the shortest form';
    content += count;
  }
  if (content + length > end) return `an element of ${length} bytes where ${end - content} are left`;
  return { content, length, isConstructed: (identifier & CONSTRUCTED) !== 0 };
}

/**
 * Whether an identifier can stand in a signature or certificate: of the universal class in DER (X.690, section 10.2: only
 * sequences and sets have elements), or one of the context's few. The parser behind this does not look at the class of a
 * sequence.
 */
function isKnownIdentifier(identifier: number): boolean {
  const number = identifier & 0x1f;
  if (identifier >> 6 === CONTEXT_CLASS) return number <= CONTEXT_NUMBER_MAX;
  const hasElements = number === SEQUENCE || number === SET;
  return (
    identifier >> 6 === UNIVERSAL_CLASS &&
    number !== 0x1f &&
    ((identifier & CONSTRUCTED) !== 0) === hasElements
  );
}
