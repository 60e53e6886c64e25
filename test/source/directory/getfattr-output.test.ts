import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hexText } from '../../../src/base/hex.ts';
import { parseGetfattr } from '../../../src/source/directory/getfattr-output.ts';

/** What getfattr 2.5.1 printed for a tree with difficult names, as a byte string. */
const PRINTED = `# file: .
user.root=0x31

# file: nl\\012x
user.k\\075v=0x00ff

# file: \xff\x85z
user.k=0x00ff

# file: sp${' '}
user.k=0x00ff

# file: usr/a
security.capability=0x0100000200200000000000000000000000000000
user.empty=0x
user.n\\012l\\075\xe9\\134=0x78

# file: back\\134slash
trusted.overlay.origin=0x00
user.k=0x0d0a

`;

function plain(xattrs: Awaited<ReturnType<typeof parseGetfattr>>): unknown {
  return Object.fromEntries(
    [...xattrs].map(([path, values]) => [
      path,
      Object.fromEntries([...values].map(([name, value]) => [name, hexText(value)])),
    ]),
  );
}

describe('the output of getfattr', () => {
  it('is read with its escapes, the attributes of the machine left out', async () => {
    expect(plain(await parseGetfattr([PRINTED]))).toEqual({
      '.': { 'user.root': '31' },
      'nl\nx': { 'user.k=v': '00ff' },
      '\xff\x85z': { 'user.k': '00ff' },
      'sp ': { 'user.k': '00ff' },
      'usr/a': {
        'security.capability': '0100000200200000000000000000000000000000',
        'user.empty': '',
        'user.n\nl=\xe9\\': '78',
      },
      'back\\slash': { 'user.k': '0d0a' },
    });
  });

  it('means the same however it is cut into chunks', async () => {
    const whole = plain(await parseGetfattr([PRINTED]));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(PRINTED.length)), async (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), PRINTED.length];
        const chunks = places.slice(1).map((end, index) => PRINTED.slice(places[index], end));
        expect(plain(await parseGetfattr(chunks))).toEqual(whole);
      }),
    );
  });

  it('is refused where a line does not end', async () => {
    const chunks = Array.from({ length: 5 }, () => 'a'.repeat(64 * 1024));
    await expect(parseGetfattr(chunks)).rejects.toMatchObject({ code: 'too-large' });
  });

  it('is refused where it would fill the memory', async () => {
    function* endless(): Generator<string> {
      for (;;) yield `user.a=0x${'00'.repeat(60_000)}\n`;
    }
    await expect(parseGetfattr(endless())).rejects.toMatchObject({ code: 'too-large' });
  });
});
