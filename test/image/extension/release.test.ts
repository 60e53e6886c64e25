import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8ByteString } from '../../../src/base/byte-string.ts';
import { formatRelease, parseRelease } from '../../../src/image/extension/release.ts';

describe('reading a release file', () => {
  it.each([
    ['plain', 'ID=debian\nVERSION_ID=12\n', { ID: 'debian', VERSION_ID: '12' }],
    ['no line end', 'ID=debian', { ID: 'debian' }],
    ['quoted', 'ID="debian"\nNAME=\'a b\'\n', { ID: 'debian', NAME: 'a b' }],
    ['escaped in quotes', 'NAME="a \\"b\\" \\$c \\`d\\` \\\\"\n', { NAME: 'a "b" $c `d` \\' }],
    ['a backslash in quotes before anything else', 'A="\\n\\x"\n', { A: '\\n\\x' }],
    ['nothing escaped in single quotes', "A='\\n\"'\n", { A: '\\n"' }],
    ['escaped without quotes', 'A=\\a\\ b\\"\n', { A: 'a b"' }],
    ['comments and blank lines', '# x\n\n  ; y=z\nID=a\n', { ID: 'a' }],
    ['a comment that ends in a backslash', '# x \\\nID=a\n', { ID: 'a' }],
    ['# in a value', 'A=b #c\nB=#d\n', { A: 'b #c', B: '#d' }],
    ['the last of two wins', 'ID=a\nID=b', { ID: 'b' }],
    ['UTF-8', 'NAME="Grün"\n', { NAME: 'Grün' }],
    ['CR LF', 'ID=a\r\nB="c"\r\n', { ID: 'a', B: 'c' }],
    ['a line that goes on', 'A=b\\\nc\nD="e\\\nf"\n', { A: 'bc', D: 'ef' }],
    ['quotes over several lines', 'A="b\nc"\nD=e\n', { A: 'b\nc', D: 'e' }],
    ['blanks around', ' \tID = a b \t\nB= "c" \n', { ID: 'a b', B: 'c' }],
    ['blanks that are escaped', 'A=b\\ \nC=d \\\n\nE=\n', { A: 'b ', C: 'd ', E: '' }],
    ['pieces', 'A="b"\'c\' "d" e"f"\n', { A: 'bcde"f"' }],
    ['no value', 'A=\nB=""\n', { A: '', B: '' }],
    ['lines without an assignment', 'hello\nID=a\nworld', { ID: 'a' }],
    ['odd names', 'export ID=a\n=b=c\n', { 'export ID': 'a', '=b': 'c' }],
    ['an open quote', 'ID="a\nB=c\n', { ID: 'a\nB=c\n' }],
    ['an open quote with a backslash', 'ID="a\\', { ID: 'a' }],
    ['nothing', '', {}],
  ])('takes %s', (_, text, fields) => {
    expect(Object.fromEntries(parseRelease(utf8ByteString(text))!)).toEqual(fields);
  });

  it.each([
    ['a NUL', 'ID=a\0\n'],
    ['a value that is not UTF-8', 'ID=\xff\n'],
    ['a name that is not UTF-8', '\xff=a\n'],
  ])('refuses %s', (_, text) => {
    expect(parseRelease(text)).toBeUndefined();
  });

  it('passes over what is not UTF-8 in a comment', () => {
    expect(parseRelease('# \xff\nID=a\n')).toEqual(new Map([['ID', 'a']]));
  });

  it('needs little time for any file', () => {
    for (const text of [`A${' '.repeat(65_000)}b=c`, `A="${'\\'.repeat(65_000)}`, 'a\\\n'.repeat(20_000)]) {
      expect(parseRelease(text)).toBeDefined();
    }
  });
});

describe('writing a release file', () => {
  it('quotes what a shell would not take as it is', () => {
    expect(
      formatRelease(
        new Map([
          ['ID', 'a'],
          ['NAME', 'x "y" $z'],
        ]),
      ),
    ).toBe('ID=a\nNAME="x \\"y\\" \\$z"\n');
  });

  it('gives back what was read', () => {
    const key = fc.stringMatching(/^[A-Z_]{1,8}$/);
    const value = fc.string({ unit: fc.constantFrom(...'ab \t\n"\'$`\\#=;ü') });
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value)), (fields) => {
        const release = new Map(fields);
        expect(parseRelease(formatRelease(release))).toEqual(release);
      }),
    );
  });
});
