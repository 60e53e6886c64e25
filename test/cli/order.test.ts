import { expect, it } from 'vitest';
import { auroraboot } from '../support/auroraboot.ts';

it('prints names in merge order, the one that wins last', async () => {
  // The table of the document, from older to newer.
  const names = [
    '122.1',
    '123~rc1-1',
    '123',
    '123-a',
    '123-a.1',
    '123-1',
    '123-1.1',
    '123^post1',
    '123.a-1',
    '123.1-1',
    '123a-1',
    '124-1',
  ];
  const { status, stdout, stderr } = await auroraboot(['order', ...names.toReversed()]);
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${names.join('\n')}\n`, stderr: '' });
});

it('tells of names that compare equal', async () => {
  const args = ['order', 'b', 'a1', 'a01'];
  expect(await auroraboot(args)).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/warning: a01, a1 compare equal/),
  });
  const { stdout } = await auroraboot([...args, '--json']);
  expect(JSON.parse(stdout)).toEqual({ order: ['a01', 'a1', 'b'], ties: [['a01', 'a1']] });
});

it('takes the names of image files for those of their extensions', async () => {
  const { stdout } = await auroraboot(['order', 'k3s-1.10.sysext.raw', 'k3s-1.9.raw']);
  expect(stdout).toBe('k3s-1.9\nk3s-1.10\n');
});

it('wants names', async () => {
  expect(await auroraboot(['order'])).toMatchObject({ status: 2 });
});
