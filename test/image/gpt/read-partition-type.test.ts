import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LINUX_GENERIC, readPartitionType } from '../../../src/image/gpt/read-partition-type.ts';

test('knows the types of the table that systemd 257 prints', () => {
  const fixture = new URL('../../fixtures/partition-types.txt', import.meta.url);
  const lines = readFileSync(fixture, 'utf8').trim().split('\n').slice(1);
  for (const line of lines) {
    const [name, guid] = line.split(/\s+/) as [string, string];
    const [, tree, architecture, part = ''] = /^(root|usr)-(.*?)(-verity-sig|-verity)?$/.exec(name)!;
    expect(readPartitionType(guid), name).toEqual({ designator: `${tree}${part}`, architecture });
  }
  expect(lines).toHaveLength(126);
});

// systemd-id128 show -u --no-legend, systemd 257.13: those that have no architecture.
test.each([
  ['esp', 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b'],
  ['xbootldr', 'bc13c2ff-59e6-4262-a352-b275fd6f7172'],
  ['swap', '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f'],
  ['home', '933ac7e1-2eb4-4f13-b844-0e14e2aef915'],
  ['srv', '3b8f8425-20e0-4f3b-907f-1a25a76f98e8'],
  ['var', '4d21b016-b534-45c2-a9fb-5c16e091fd2d'],
  ['tmp', '7ec6f557-3bc5-4aca-b293-16ef5df639d1'],
])('knows the type for %s', (designator, guid) => {
  expect(readPartitionType(guid)).toEqual({ designator, architecture: undefined });
});

test('has no purpose for other types', () => {
  // The last one is user-home.
  for (const guid of [LINUX_GENERIC, '773f91ef-66d4-49b5-bd83-d683bf40ad16']) {
    expect(readPartitionType(guid)).toBeUndefined();
  }
  expect(LINUX_GENERIC).toBe('0fc63daf-8483-4772-8e79-3d69d8477de4');
});
