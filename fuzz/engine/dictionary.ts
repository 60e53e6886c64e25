/** Longest text taken for a word of the format. */
const WORD_MAX = 40;
const NUMBER = /(?<![\w.$])(0x[0-9a-f_]+|\d[\d_]*)n?(?![\w.])/gi;
const TEXT = /'((?:[^'\\\n]|\\.)*)'/g;
const BYTES = /\[\s*((?:0x[0-9a-f]{2}|\d{1,3})(?:,\s*(?:0x[0-9a-f]{2}|\d{1,3}))+),?\s*\]/gi;

/**
 * What a reader's source compares its input with: numbers above 255 in both byte orders, texts without spaces, lists
 * of bytes. A coverage-guided mutation cannot guess a magic number, since no part of it is any better than none.
 */
export function literalsIn(source: string): Uint8Array[] {
  const words = new Map<string, Uint8Array>();
  const add = (word: Uint8Array): void => void words.set(word.join(), word);
  for (const [, digits = ''] of source.matchAll(NUMBER)) {
    const value = BigInt(digits.replaceAll('_', ''));
    if (value < 256n || value >= 1n << 64n) continue;
    for (const width of [2, 4, 8]) {
      if (value >= 1n << BigInt(8 * width)) continue;
      const bytes = Uint8Array.from({ length: width }, (_, index) =>
        Number((value >> BigInt(8 * index)) & 0xffn),
      );
      add(bytes);
      add(bytes.toReversed());
    }
  }
  for (const [, text = ''] of source.matchAll(TEXT)) {
    if (text === '' || text.length > WORD_MAX || /\s|^(\.|node:)|\.ts$/.test(text)) continue;
    add(new Uint8Array(Buffer.from(unescaped(text), 'utf8')));
  }
  for (const [, list = ''] of source.matchAll(BYTES)) {
    const bytes = list.split(',').map(Number);
    if (bytes.every((byte) => byte < 256)) add(Uint8Array.from(bytes));
  }
  return [...words.values()];
}

function unescaped(text: string): string {
  return text
    .replace(/\\x([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    .replace(
      /\\([0nrt'\\])/g,
      (_, letter: string) => ({ 0: '\0', n: '\n', r: '\r', t: '\t' })[letter] ?? letter,
    );
}
