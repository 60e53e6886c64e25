import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../../src/source/registry/challenge.ts';

const parsed = (header: string): unknown[] =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('WWW-Authenticate', () => {
  it.each([
    ['Basic realm="Registry"', [['basic', { realm: 'Registry' }]]],
    ['Basic', [['basic', {}]]],
    ['', []],
    [' , ', []],
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull"',
      [
        [
          'bearer',
          {
            realm: 'https://auth.docker.io/token',
            service: 'registry.docker.io',
            scope: 'repository:library/alpine:pull',
          },
        ],
      ],
    ],
    [
      'Bearer realm="a,b \\"c\\\\", scope="x:pull,push" , Basic realm=plain, Negotiate',
      [
        ['bearer', { realm: 'a,b "c\\', scope: 'x:pull,push' }],
        ['basic', { realm: 'plain' }],
        ['negotiate', {}],
      ],
    ],
    [
      'Negotiate YWJj==, BASIC REALM = "x"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    ['Bearer realm="unclosed', [['bearer', {}]]],
  ])('%s', (header, expected) => {
    expect(parsed(header)).toEqual(expected);
  });

  it('is read whatever its values hold', () => {
    const name = fc.stringMatching(/^[a-z]{1,8}$/);
    const value = fc.string({ maxLength: 30 }).filter((text) => /^[\x20-\x7e]*$/.test(text));
    const challenge = fc.tuple(
      fc.constantFrom('Basic', 'Bearer', 'X-Own'),
      fc.dictionary(name, value, { noNullPrototype: true, maxKeys: 4 }),
    );
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
        const header = challenges
          .map(([scheme, parameters]) => {
            const list = Object.entries(parameters).map(
              ([key, text]) => `${key}="${text.replace(/["\\]/g, '\\$&')}"`,
            );
            return `${scheme} ${list.join(', ')}`.trimEnd();
          })
          .join(', ');
        expect(parsed(header)).toEqual(
          challenges.map(([scheme, parameters]) => [scheme.toLowerCase(), parameters]),
        );
      }),
    );
  });

  it('ends on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aB =",\\;\t~') }), (text) => {
        parseChallenges(text);
      }),
    );
  });
});
