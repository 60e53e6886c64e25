import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ARCHITECTURES_BY_GO_NAME } from '../../../src/image/architecture.ts';
import { NAME_LENGTH } from '../../../src/image/gpt/layout.ts';
import { partitionType, partitionTypeName } from '../../../src/image/gpt/partition-types.ts';

test('has the types of the table that systemd 257 prints, with their names', () => {
  const fixture = new URL('../../fixtures/partition-types.txt', import.meta.url);
  const lines = readFileSync(fixture, 'utf8').trim().split('\n').slice(1);
  const seen = new Set<string>();
  for (const line of lines) {
    const [name, guid] = line.split(/\s+/) as [string, string];
    const match = /^(root|usr)-(.*?)(-verity-sig|-verity)?$/.exec(name)!;
    const designator = `${match[1]}${match[3] ?? ''}` as Parameters<typeof partitionType>[1];
    const architecture = match[2] as Parameters<typeof partitionType>[0];
    expect(partitionType(architecture, designator), name).toBe(guid);
    expect(partitionTypeName(architecture, designator)).toBe(name);
    expect(name.length).toBeLessThanOrEqual(NAME_LENGTH);
    seen.add(guid);
  }
  expect(seen.size).toBe(21 * 6);
});

test("knows Go's names of the architectures", () => {
  expect(partitionTypeName(ARCHITECTURES_BY_GO_NAME.amd64, 'root')).toBe('root-x86-64');
  expect(partitionTypeName(ARCHITECTURES_BY_GO_NAME.arm64, 'root-verity')).toBe('root-arm64-verity');
  expect(partitionTypeName(ARCHITECTURES_BY_GO_NAME.riscv64, 'usr-verity-sig')).toBe(
    'usr-riscv64-verity-sig',
  );
});
