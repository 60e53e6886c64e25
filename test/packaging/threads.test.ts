import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { ENTRY_POINTS } from '../../packaging/javascript.ts';

it('what every thread runs is packaged, as one that cannot start is missed by nobody', () => {
  const started = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [
      ...readFileSync(join('src', name), 'utf8').matchAll(/startThread\([^,]+, '([^']+)'/g),
    ])
    .map(([, name]) => name);
  const packaged = ENTRY_POINTS.map((path) => basename(path, '.ts'));
  expect(started.length).toBeGreaterThan(3);
  expect(packaged).toEqual(expect.arrayContaining(started));
});
