import { Script } from 'node:vm';
import { expect, it } from 'vitest';
import { collectYoungGarbage } from '../../src/platform/collect-garbage.ts';

it('leaves code caches usable, which V8 takes under the flags only that they were made with', () => {
  const source = '(function () { return 42; })';
  const cachedData = new Script(source, { filename: 'before.js' }).createCachedData();
  collectYoungGarbage();
  const { cachedDataRejected } = new Script(source, { filename: 'after.js', cachedData });
  expect(cachedDataRejected).toBe(false);
});
