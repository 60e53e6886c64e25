import type { ByteString } from '../../base/byte-string.ts';

/** One assignment of an environment file. */
export interface Assignment {
  readonly key: ByteString;
  readonly value: ByteString;
}

const SPACE = /[ \t\n\r]*/y;
const BLANKS = /[ \t]*/y;
const LINE = /[^\n\r]*/y;
const EQUALS = /=/y;
const KEY = /[^#;\n\r][^=\n\r]*(?==)/y;
/** Quotes that stay open end with the file. */
const SINGLE_QUOTED = /'([^']*)'?/y;
const DOUBLE_QUOTED = /"((?:[^"\\]|\\.)*)(?:"|\\?$)/sy;
/** Up to the end of the line; a backslash before the end of a line joins the next one. */
const BARE = /(?:[^\\\n\r]|\\.?)*/sy;

/**
 * The assignments in a file of shell-like assignments, as systemd reads /etc/os-release and its like
 * (src/basic/env-file.c in systemd 257). It is generous: comments and lines without `=` are passed over, keys may be
 * anything, CR ends a line as LF does.
 */
export function* assignments(text: ByteString): Generator<Assignment> {
  const cursor = new Cursor(text);
  while (!cursor.atEnd) {
    cursor.take(SPACE);
    const key = cursor.take(KEY)?.[0];
    if (key === undefined) cursor.take(LINE);
    else {
      cursor.take(EQUALS);
      yield { key: trimEnd(key), value: takeValue(cursor) };
    }
  }
}

/** Quoted pieces one after the other, blanks between them left out; then what is not quoted, to the end of the line. */
function takeValue(cursor: Cursor): ByteString {
  let value = '';
  for (;;) {
    cursor.take(BLANKS);
    const single = cursor.take(SINGLE_QUOTED);
    const double = single === null ? cursor.take(DOUBLE_QUOTED) : null;
    if (single !== null) value += single[1]!;
    else if (double !== null) value += unescapeQuoted(double[1]!);
    else return value + unescapeBare(cursor.take(BARE)![0]);
  }
}

/** In double quotes a backslash escapes `"`, `\`, `` ` `` and `$`; it vanishes with the end of a line, else it stays. */
function unescapeQuoted(text: ByteString): ByteString {
  return text.replace(/\\(.)/gs, (both, unit: string) => {
    if (unit === '\n') return '';
    return /["\\`$]/.test(unit) ? unit : both;
  });
}

/** Without quotes a backslash escapes anything. Blanks at the end do not count unless something escaped follows. */
function unescapeBare(text: ByteString): ByteString {
  let value = '';
  let length = 0;
  for (const [, escaped, plain] of text.matchAll(/\\(.?)|([^\\])/gs)) {
    if (plain === undefined) value += escaped === '\n' || escaped === '\r' ? '' : escaped;
    else value += plain;
    if (plain !== ' ' && plain !== '\t') length = value.length;
  }
  return value.slice(0, length);
}

function trimEnd(text: ByteString): ByteString {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end--;
  return text.slice(0, end);
}

class Cursor {
  readonly #text: ByteString;
  #at = 0;

  constructor(text: ByteString) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** What the pattern, which is sticky, finds here; moves behind it. */
  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }
}
