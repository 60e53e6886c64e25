import { describe, expect, test } from 'vitest';
import { choosePartitions } from '../../../src/image/dissect/choose-partitions.ts';
import type { Partition } from '../../../src/image/dissect/partition.ts';
import { LINUX_GENERIC, type PartitionDesignator } from '../../../src/image/gpt/read-partition-type.ts';

let number = 0;
function partition(designator: PartitionDesignator | undefined, change: Partial<Partition> = {}): Partition {
  number += 1;
  return {
    number,
    designator,
    architecture: 'x86-64',
    typeGuid: '00000000-0000-0000-0000-000000000001',
    guid: '00000000-0000-0000-0000-000000000002',
    label: '',
    offset: 0,
    size: 4096,
    readOnly: false,
    growFileSystem: false,
    noAuto: false,
    fileSystemType: undefined,
    ...change,
  };
}

const byLength = (one: string, other: string) => one.length - other.length;
const choose = (partitions: Partition[]) =>
  choosePartitions(partitions, {
    architecture: 'arm64',
    secondaryArchitecture: 'arm',
    compareVersions: byLength,
  });
const codes = (partitions: Partition[]) => choose(partitions).findings.map(({ code }) => code);

describe('of two partitions for the same purpose chooses', () => {
  const root = (change: Partial<Partition>) => partition('root', change);
  test.each<[string, Partition, Partition]>([
    ['the native architecture', root({ architecture: 'arm64' }), root({ label: 'longer' })],
    [
      'the native one of the other',
      root({ architecture: 'arm64' }),
      root({ architecture: 'arm', label: 'l' }),
    ],
    ['the other one that runs', root({ architecture: 'arm' }), root({ label: 'longer' })],
    ['the newer label', root({ label: 'longer' }), root({ label: 'long' })],
    [
      'the newer label of foreign ones',
      root({ architecture: 'x86', label: 'l' }),
      root({ architecture: 's390' }),
    ],
    [
      'the newer label of hash partitions',
      partition('root-verity', { label: 'l' }),
      partition('root-verity'),
    ],
    ['what is to be used', root({}), root({ noAuto: true, label: 'longer' })],
  ])('%s', (_, winner, loser) => {
    for (const order of [
      [winner, loser],
      [loser, winner],
    ]) {
      expect(choose(order).chosen.get(winner.designator!)).toBe(winner);
    }
  });

  test('the first if nothing else decides, and warns', () => {
    const [one, other] = [root({ label: 'a' }), root({ label: 'b' })];
    const { chosen, findings } = choose([one, other]);
    expect(chosen.get('root')).toBe(one);
    expect(findings).toMatchObject([{ code: 'partition-unused', level: 'warning' }]);
    const homes = [partition('home'), partition('home', { label: 'newer, but not versioned' })];
    expect(choose(homes).chosen.get('home')).toBe(homes[0]);
  });

  test('the first if labels cannot be compared', () => {
    const [one, other] = [root({}), root({ label: 'longer' })];
    expect(choosePartitions([one, other], {}).chosen.get('root')).toBe(one);
  });
});

describe('a generic partition', () => {
  const generic = (change: Partial<Partition> = {}) =>
    partition(undefined, { typeGuid: LINUX_GENERIC, architecture: undefined, ...change });

  test('is the root where it is alone', () => {
    const only = generic();
    expect(choose([only, partition('swap'), generic({ noAuto: true })]).chosen.get('root')).toEqual({
      ...only,
      designator: 'root',
    });
    expect(choose([generic(), partition('usr')]).chosen.has('root')).toBe(false);
  });

  test('is not, among several', () => {
    expect(codes([generic(), generic()])).toEqual(['data-partition-ambiguous', 'data-partition-missing']);
  });
});

describe('finds', () => {
  const of = (...designators: PartitionDesignator[]) => designators.map((one) => partition(one));
  test.each<[string[], Partition[]]>([
    [[], of('root')],
    [[], of('usr')],
    [[], of('root', 'root-verity')],
    [[], of('usr', 'usr-verity', 'usr-verity-sig')],
    [['data-partition-missing'], []],
    [['data-partition-missing'], of('home')],
    [['data-partition-missing'], of('root-verity')],
    [['data-partition-missing'], of('usr', 'root-verity')],
    [['data-partition-missing', 'hash-partition-missing'], of('root-verity-sig')],
    [['hash-partition-missing'], of('root', 'root-verity-sig')],
    [['hash-partition-missing'], of('usr', 'usr-verity-sig')],
    [['data-partition-ambiguous'], of('root', 'usr')],
    [['data-partition-ambiguous'], of('root', 'usr', 'usr-verity', 'usr-verity-sig')],
    [['hash-partition-ambiguous'], of('root', 'root-verity', 'usr', 'usr-verity')],
  ])('%j', (expected, partitions) => {
    const { findings } = choose(partitions);
    expect(findings.map(({ code }) => code)).toEqual(expected);
    expect(findings.every(({ level, layer }) => level === 'error' && layer === 'partition-table')).toBe(true);
  });
});
