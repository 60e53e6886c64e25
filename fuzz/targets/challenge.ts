import { strict as assert } from 'node:assert';
import { byteString } from '../../src/base/byte-string.ts';
import { parseChallenges } from '../../src/source/registry/challenge.ts';
import type { Target } from '../engine/target.ts';
import { texts } from '../seeds/text.ts';

/** A WWW-Authenticate header. */
export const target: Target = {
  sizeMax: 32 * 1024,
  seeds: () =>
    texts(
      'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull"',
      'Basic realm="a \\"quoted\\" word", charset=UTF-8, Bearer realm=x , , Negotiate YWJj==',
    ),
  run(input) {
    for (const { scheme, parameters } of parseChallenges(byteString(input))) {
      assert(scheme !== '' && scheme === scheme.toLowerCase(), `scheme ${scheme}`);
      for (const name of parameters.keys()) assert(/^[^\s",]+$/.test(name), `parameter ${name}`);
    }
  },
};
