import fs from 'node:fs';
import { expect, test } from 'vitest';
import * as library from '../src/index.ts';

const text = fs.readFileSync('docs/library.md', 'utf8');

test.each(Object.keys(library))('%s is documented', (name) => {
  // The class of errors of a node is a CodedError to whoever uses the library, with codes of its own.
  expect(text).toMatch(new RegExp(`\\b${name === 'NodeError' ? 'NodeErrorCode' : name}\\b`));
});

test('what the documentation imports is there', () => {
  const [, names = ''] = /import \{([^}]*)\} from 'kairos-sysext'/.exec(text) ?? [];
  const imported = names
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  expect(imported.length).toBeGreaterThan(5);
  for (const name of imported) expect(library).toHaveProperty(name);
});
