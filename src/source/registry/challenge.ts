/** One way to authenticate that a server offers. */
export interface Challenge {
  /** In lower case: `basic`, `bearer`. */
  readonly scheme: string;
  /** By names in lower case: `realm`, `service`, `scope`, `error`. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Longest header that is looked at, in characters. */
const HEADER_MAX = 16_384;
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** A parameter: a name and a token or a quoted string with backslash escapes. */
const PARAMETER = new RegExp(`(${TOKEN})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))`, 'y');
const SCHEME = new RegExp(`(${TOKEN})(?:[ \\t]+|$|(?=,))`, 'y');
/** Credentials in one word, which follow a scheme where parameters could (RFC 9110, section 11.2, token68). */
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|$)/y;
const SEPARATOR = /[ \t,]*/y;

/**
 * The challenges of a WWW-Authenticate header (RFC 9110, section 11.6.1), in order. Reading ends where the header
 * breaks the grammar; what was read before that counts.
 */
export function parseChallenges(header: string): Challenge[] {
  const text = header.slice(0, HEADER_MAX);
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text) ?? undefined;
    if (match !== undefined) at = pattern.lastIndex;
    return match;
  };
  take(SEPARATOR);
  while (at < text.length) {
    const current = challenges.at(-1);
    const parameter = current === undefined ? undefined : take(PARAMETER);
    if (current !== undefined && parameter !== undefined) {
      const [, name = '', quoted, token = ''] = parameter;
      current.parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? token);
    } else {
      const scheme = take(SCHEME);
      if (scheme === undefined) break;
      challenges.push({ scheme: scheme[1]!.toLowerCase(), parameters: new Map() });
      const start = at;
      if (take(PARAMETER) === undefined) take(TOKEN68);
      else at = start;
    }
    take(SEPARATOR);
  }
  return challenges;
}
