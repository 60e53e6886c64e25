/**
 * Compares two names as systemd orders versions (`strverscmp_improved`, src/fundamental/string-util-fundamental.c in
 * systemd 257; Version Format Specification UAPI.10): -1 if `a` is older, 1 if it is newer, 0 if they are the same.
 *
 * Only ASCII letters, digits and `~ - ^ .` count. Everything else separates and vanishes, so that names which differ
 * may compare equal: `a_1` and `a1`, `a01` and `a1`. Text and byte strings compare alike.
 */
export function compareVersions(a: string, b: string): -1 | 0 | 1 {
  let i = 0;
  let j = 0;
  for (;;) {
    i = skip(a, i, isIgnored);
    j = skip(b, j, isIgnored);

    const pre = compareAt(a, i, b, j, TILDE);
    if (pre === 'consume') {
      i++;
      j++;
    } else if (pre !== 0) return pre;

    // What follows `~` may be an ignored character still: it counts for more than the end, or, if it is not
    // ASCII, for less, since C's characters are signed on x86.
    if (i >= a.length || j >= b.length) return order(endRank(a, i), endRank(b, j));

    for (const separator of SEPARATORS) {
      const separated = compareAt(a, i, b, j, separator);
      if (separated === 'consume') {
        i++;
        j++;
      } else if (separated !== 0) return separated;
    }

    const numeric = isDigit(a.charCodeAt(i)) || isDigit(b.charCodeAt(j));
    const aEnd = skip(a, i, numeric ? isDigit : isLetter);
    const bEnd = skip(b, j, numeric ? isDigit : isLetter);
    const segments = numeric
      ? compareNumbers(a.slice(i, aEnd), b.slice(j, bEnd))
      : // By their codes, upper case first; the longer one is newer.
        order(a.slice(i, aEnd), b.slice(j, bEnd));
    if (segments !== 0) return segments;
    i = aEnd;
    j = bEnd;
  }
}

const TILDE = 0x7e;
/** `-`, `^` and `.`, in the order in which they are looked for. */
const SEPARATORS = [0x2d, 0x5e, 0x2e] as const;

/** The one that has `separator` here is older; `consume` if both have it, 0 if none. */
function compareAt(a: string, i: number, b: string, j: number, separator: number): -1 | 0 | 1 | 'consume' {
  const inA = a.charCodeAt(i) === separator;
  const inB = b.charCodeAt(j) === separator;
  if (inA && inB) return 'consume';
  if (inA) return -1;
  return inB ? 1 : 0;
}

/** Digits by their value; none at all is older than any. */
function compareNumbers(a: string, b: string): -1 | 0 | 1 {
  if (a === '' || b === '') return order(a.length, b.length);
  const [first, second] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return order(first.length, second.length) || order(first, second);
}

function endRank(text: string, at: number): number {
  if (at >= text.length) return 0;
  return text.charCodeAt(at) < 0x80 ? 1 : -1;
}

function order<T extends number | string>(a: T, b: T): -1 | 0 | 1 {
  if (a < b) return -1;
  return a > b ? 1 : 0;
}

function skip(text: string, from: number, belongs: (unit: number) => boolean): number {
  let at = from;
  while (at < text.length && belongs(text.charCodeAt(at))) at++;
  return at;
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

function isLetter(unit: number): boolean {
  return (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a);
}

function isIgnored(unit: number): boolean {
  return !isDigit(unit) && !isLetter(unit) && unit !== TILDE && !SEPARATORS.some((known) => known === unit);
}
